-- A tagging whose trigger was answered `withdrawn` may trigger again: the message was false or too early, or the build was untagged
-- and is tagged once more.

DROP INDEX one_trigger_per_tagging;
CREATE UNIQUE INDEX one_trigger_per_tagging ON triggers (tag, build)
    WHERE by_person = 0 AND (shown IS NULL OR shown <> 'withdrawn');
