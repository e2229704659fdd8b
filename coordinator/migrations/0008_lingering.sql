-- A batch that waits for nothing but builds that were detached lets the next one run beside it.

ALTER TABLE batches ADD COLUMN lingers BIGINT NOT NULL DEFAULT 0;
DROP INDEX one_open_batch;
CREATE UNIQUE INDEX one_open_batch ON batches ((ended IS NULL)) WHERE ended IS NULL AND lingers = 0;
