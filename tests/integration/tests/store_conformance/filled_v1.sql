-- What a program of schema version 1 left: a row or more in each table. Never changed: it stands for databases out there.
UPDATE leader SET epoch = 1795348800001, owner = 'old-1', instance = 'old', expires = 1, commits = 42 WHERE id = 1;
INSERT INTO terms VALUES (1795348800001, 'old-1', 'old', 1795348800001);
INSERT INTO batches VALUES
    (1, 'done', '{"side_tag":null}', 1700000000001, 1700000000900, 1700000000900, '{"outcome":"done"}'),
    (2, 'preparing', '{"side_tag":null}', 1700000000002, 1700000000003, NULL, NULL);
INSERT INTO members VALUES (1, 'bash', '{"number":1}', 'succeeded'), (2, 'sed', '{"number":2}', 'waiting');
INSERT INTO update_groups VALUES (1, 1, '{}', 'held', 1), (1, 2, '{}', 'stable', 0);
INSERT INTO effects VALUES
    ('b1.1.submit_builds', 1, 'submit_builds', 'worker', '{"builds":[]}', 2, 1700000000010, 1700000000020, NULL, NULL, NULL,
     1700000000009, 1700000000030, '{"outcome":"tag_removed"}'),
    ('b2.1.create_side_tag', 2, 'create_side_tag', 'coordinator', '{"builds":[]}', 1, 1700000000011, 1700000000011, NULL,
     1700000000012, 'the hub is away', 1700000000010, NULL, NULL);
INSERT INTO triggers VALUES
    (1, 1, 'bash', 'rawhide', 11, 'bash-1-1.fc45', '{"cause":"message"}', 0, 'm-1', 1700000000000, '{"answer":"withdrawn"}', 'withdrawn'),
    (2, NULL, 'sed', 'rawhide', 12, 'sed-1-1.fc45', '{"cause":"message"}', 0, 'm-2', 1700000000001, NULL, NULL);
INSERT INTO odd_messages VALUES ('o-1', 'org.fedoraproject.prod.buildsys.tag', '[]', 'it is no object', 1700000000000);
INSERT INTO denied VALUES ('git+https://src.example.org/rpms/package-1#abc', 'package-1', 'build', 'failed in batch 1', 1, 100,
    1700000000001, 1700000000001, 1, 1700000001001);
INSERT INTO marks VALUES ('caught_up_to', '1700000000000');
