-- What a program of schema version 7 left beyond versions 1 to 6: a component of two batches. Never changed.
INSERT INTO members (batch, component, state, shown) VALUES (2, 'package-1', '{"number":1}', 'waiting');
