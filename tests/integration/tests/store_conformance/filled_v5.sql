-- What a program of schema version 5 left beyond versions 1 to 4: a package list. Never changed.
INSERT INTO package_lists VALUES ('eln/all-source', 1, '{"v":1,"list":{"accepted":null,"names":{},"held":null}}', 1700000000001, NULL, NULL);
