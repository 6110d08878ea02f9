import type { RawRecord } from '../contract.js';

/** Offsets that retention took before they were read. */
export function deletedUnread(from: number, earliest: number): string {
  return `offsets ${from} to ${earliest - 1} were deleted from the topic before they were read`;
}

export const CREATED_ANEW = 'the topic was deleted and created anew';

/** The partition is shorter than what was read of it. */
export function cutOff(end: number, stored: number): string {
  return `the topic ends at offset ${end}, before the stored offset ${stored}: its end was cut off`;
}

const MARKS = [
  /^offsets \d+ to \d+ were deleted from the topic before they were read$/,
  new RegExp(`^${CREATED_ANEW}$`),
  /^the topic ends at offset \d+, before the stored offset \d+: its end was cut off$/,
];

/** Whether what stands in quarantine is the mark of a loss (`on_data_loss: mark`) and not a record. */
export function isLossMark({ reason, raw }: RawRecord): boolean {
  return (raw ?? '') === '' && MARKS.some((mark) => mark.test(reason));
}
