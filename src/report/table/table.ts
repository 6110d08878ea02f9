import type { RenderOptions } from '../options.js';
import type { Result } from '../result.js';
import { canaryTable } from './canary.js';
import { comparisonTable } from './comparison.js';
import { gateTable } from './gate.js';
import { doctorTable, initTable, rebuildTable, routeTable } from './other.js';
import { planTable } from './plan.js';
import { quarantineTable } from './quarantine.js';
import { runTable } from './run.js';
import { viewsTable } from './views.js';

/** A result for people at a terminal. */
export function renderTable(result: Result, options: RenderOptions): string {
  switch (result.schema) {
    case 'cutover.comparison/v1':
      return comparisonTable(result, options);
    case 'cutover.run/v1':
      return runTable(result, options);
    case 'cutover.gate/v1':
      return gateTable(result, options);
    case 'cutover.canary/v1':
      return canaryTable(result, options);
    case 'cutover.route/v1':
      return routeTable(result, options);
    case 'cutover.quarantine/v1':
      return quarantineTable(result, options);
    case 'cutover.views/v1':
      return viewsTable(result, options);
    case 'cutover.doctor/v1':
      return doctorTable(result, options);
    case 'cutover.init/v1':
      return initTable(result, options);
    case 'cutover.rebuild/v1':
      return rebuildTable(result, options);
    case 'cutover.plan/v1':
      return planTable(result, options);
  }
}
