export type DiscrepancyKind =
  'missing_in_stream' | 'missing_in_batch' | 'value_mismatch' | 'duplicate_key' | 'null_key';

export const DISCREPANCY_KINDS: readonly DiscrepancyKind[] = [
  'missing_in_stream',
  'missing_in_batch',
  'value_mismatch',
  'duplicate_key',
  'null_key',
];
