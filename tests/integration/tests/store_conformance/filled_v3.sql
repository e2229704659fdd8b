-- What a program of schema version 3 left beyond versions 1 and 2: a row with the columns that it brought. Never changed.
INSERT INTO dead_letters VALUES ('b1.3.submit_builds#1', 1, NULL, 'submit_builds', 'build bash', 5, 'it kills workers', 1700000000001,
    'worker-1 worker-3', 'the builds bash of batch 1');
