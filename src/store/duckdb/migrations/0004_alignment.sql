-- How the sides of a comparison were brought to the same input; NULL: in one snapshot of cutover's own sides, exactly.
ALTER TABLE cutover.comparisons ADD COLUMN alignment_json VARCHAR;
