/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of every answer: it is of this moment, and is what its type says. */
export const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

export function answer(type: string, body: string): Answer {
  return { status: 200, headers: { ...NO_STORE, 'content-type': type }, body };
}
