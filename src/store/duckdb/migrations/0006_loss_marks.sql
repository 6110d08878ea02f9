-- What stands in quarantine is a record, or the mark of a loss. Those of before are told by their words.
ALTER TABLE cutover.quarantine ADD COLUMN lost BOOLEAN DEFAULT FALSE;
UPDATE cutover.quarantine SET lost = TRUE
WHERE coalesce(raw, '') = ''
  AND (regexp_full_match(reason, 'offsets [0-9]+ to [0-9]+ were deleted from the topic before they were read')
    OR reason = 'the topic was deleted and created anew'
    OR regexp_full_match(reason, 'the topic ends at offset [0-9]+, before the stored offset [0-9]+: its end was cut off'));
