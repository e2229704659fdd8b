-- What a program of schema version 2 left beside what one of version 1 did. Never changed: it stands for databases out there.
INSERT INTO audit VALUES
    (1, 'token/alice', 1700000000000, 'redrive', 'b1.1.submit_update#1', 'it is mended', 1700000000100, 'done'),
    (2, 'token/alice', 1700000000200, 'give_up', 'b1.2.submit_builds#1', 'it is over', NULL, NULL);
INSERT INTO requests VALUES (2, '{"v":1,"wish":{"wish":"give_up","job":"b1.2.submit_builds#1"}}');
INSERT INTO dead_letters VALUES ('b1.2.submit_builds#1', 1, NULL, 'submit_builds', 'build bash', 5, 'it kills workers', 1700000000000);
