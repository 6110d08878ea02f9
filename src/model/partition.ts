/** What the store remembers of a partition: written in the same transaction as the events up to `nextOffset`. */
export interface PartitionState {
  readonly partition: number;
  /** Stable name of the partition: the file's path relative to the configuration, or `topic/number`. */
  readonly name: string;
  /** Exclusive end offset of what was taken. */
  readonly nextOffset: number;
  /** Opaque to all but the log that wrote it (for example a byte position and a fingerprint). */
  readonly position: string;
}
