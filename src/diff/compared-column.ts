import type { Column } from '../model/column.js';
import type { ColumnRule } from '../model/project.js';

/** A column that both sides have, with the rule that holds for it today. Its name is that on the batch side; the stream side's may be another one. */
export interface ComparedColumn {
  readonly name: string;
  readonly batch: Column;
  readonly stream: Column;
  readonly rule: ColumnRule;
}
