/** The locks of transactions (`SqlSession.lock`). Whoever takes both takes them in this order. */

/** Micro-batches are applied, and the stream tables made, replaced or marked, one after the other. */
export const APPLY = 'apply';

/** A served view and the canary state that it follows change together: a view made from an older state must not overwrite a newer one. */
export const SERVED = 'served';
