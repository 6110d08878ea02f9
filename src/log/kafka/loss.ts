/** Offsets that retention took before they were read. */
export function deletedUnread(from: number, earliest: number): string {
  return `offsets ${from} to ${earliest - 1} were deleted from the topic before they were read`;
}

export const CREATED_ANEW = 'the topic was deleted and created anew';

/** The partition is shorter than what was read of it. */
export function cutOff(end: number, stored: number): string {
  return `the topic ends at offset ${end}, before the stored offset ${stored}: its end was cut off`;
}
