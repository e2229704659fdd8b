-- What is over is found by its age, to be removed in portions, without reading whole tables.

CREATE INDEX triggers_answered ON triggers (created) WHERE answer IS NOT NULL AND batch IS NULL;
CREATE INDEX odd_messages_by_time ON odd_messages (received);
CREATE INDEX batches_by_end ON batches (ended) WHERE ended IS NOT NULL;
CREATE INDEX dead_letters_by_batch ON dead_letters (batch);

-- Who held a job that was set aside, names with spaces between; and what suffers for it, in words.
ALTER TABLE dead_letters ADD COLUMN workers TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN suffers TEXT NOT NULL DEFAULT '';
