import type { Column } from '../model/column.js';
import type { ColumnRule } from '../model/project.js';

/** A column that both sides have, with the rule that holds for it today. */
export interface ComparedColumn {
  readonly name: string;
  readonly batch: Column;
  readonly stream: Column;
  readonly rule: ColumnRule;
}
