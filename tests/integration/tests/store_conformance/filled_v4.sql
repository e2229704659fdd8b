-- What a program of schema version 4 left beyond versions 1 to 3: an orphan, and an effect of no batch. Never changed.
INSERT INTO orphans VALUES ('side_tag', 'eln-build-side-7', 'left over', 1700000000001, 1700000000002, NULL);
INSERT INTO effects VALUES ('o1.0.remove_side_tag', NULL, 'remove_side_tag', 'coordinator', '{}', 1, NULL, NULL, NULL, NULL, NULL,
    1700000000001, 1700000000002, '{}');
