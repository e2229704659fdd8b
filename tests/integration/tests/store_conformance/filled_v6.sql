-- What a program of schema version 6 left beyond versions 1 to 5: a build that was tagged again after it had been withdrawn. Never
-- changed.
INSERT INTO triggers (id, component, tag, build, nvr, cause, by_person, created, answer, shown)
    VALUES (901, 'again', 'f45', 901, 'again-1-1.fc45', '{"cause":"message"}', 0, 1700000000001, '{"answer":"withdrawn"}', 'withdrawn');
INSERT INTO triggers (id, component, tag, build, nvr, cause, by_person, created, answer, shown)
    VALUES (902, 'again', 'f45', 901, 'again-1-1.fc45', '{"cause":"message"}', 0, 1700000000002, '{"answer":"no_source"}', 'no_source');
