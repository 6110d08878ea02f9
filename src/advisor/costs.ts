import type { Approach, Multipliers, OwnFigures, Rates } from '../model/advice-request.js';
import type { ApproachCost } from '../model/advice.js';
import { cents, clean } from './money.js';
import { MULTIPLIERS } from './defaults.js';
import { slowestOf } from './tiers.js';

/**
 * How much more an approach costs at a volume: max(1, log10(events per day / 1,000,000 + 1)). It is 1 up to 9 million events a day, 2 at 99 million.
 *
 * @param eventsPerDay 0 or more
 */
export function volumeFactor(eventsPerDay: number): number {
  return Math.max(1, Math.log10(eventsPerDay / 1e6 + 1));
}

/** What the cost of one approach is reckoned from. */
export interface CostInput {
  /** A month, in the currency. */
  readonly baselineMonthlyCompute: number;
  readonly volumeFactor: number;
  readonly rates: Rates;
  /** The user's own figures; they go before what follows from multipliers. */
  readonly own?: OwnFigures | undefined;
}

/** The multipliers of an approach, with the user's own in place of the defaults. */
export function multipliersOf(approach: Approach, own: OwnFigures | undefined): Multipliers {
  const standard = MULTIPLIERS[approach];
  const given = own?.multipliers;
  return {
    compute: given?.compute ?? standard.compute,
    storage: given?.storage ?? standard.storage,
    engineering: given?.engineering ?? standard.engineering,
    on_call: given?.on_call ?? standard.on_call,
    development: given?.development ?? standard.development,
  };
}

/**
 * The cost of an approach, not rounded. With the baseline b, the volume factor v, and the approach's multipliers:
 * compute = b x compute x v, storage = storage_share x b x storage x v, network = network_share x b x v;
 * hours a month = engineering_hours x engineering + (on_call_hours + incident_hours) x on_call;
 * days once = (development_days + testing_days) x development;
 * annual TCO = 12 x (infrastructure + operations) + initial investment.
 */
export function costOf(
  approach: Approach,
  { baselineMonthlyCompute: b, volumeFactor: v, rates, own }: CostInput,
): ApproachCost {
  const times = multipliersOf(approach, own);
  const parts = {
    compute: own?.monthly_compute ?? b * times.compute * v,
    storage: own?.monthly_storage ?? rates.storage_share * b * times.storage * v,
    network: own?.monthly_network ?? rates.network_share * b * v,
    engineering_hours: own?.engineering_hours ?? rates.engineering_hours * times.engineering,
    on_call_hours: own?.on_call_hours ?? rates.on_call_hours * times.on_call,
    incident_hours: own?.incident_hours ?? rates.incident_hours * times.on_call,
    development_days: own?.development_days ?? rates.development_days * times.development,
    testing_days: own?.testing_days ?? rates.testing_days * times.development,
  };
  const infrastructure = parts.compute + parts.storage + parts.network;
  const operational = (parts.engineering_hours + parts.on_call_hours + parts.incident_hours) * rates.hourly;
  const initial = (parts.development_days + parts.testing_days) * rates.hours_per_day * rates.hourly;
  return {
    monthly_infrastructure: infrastructure,
    monthly_operational: operational,
    total_monthly: infrastructure + operational,
    initial_investment: initial,
    annual_tco: 12 * (infrastructure + operational) + initial,
    latency_ms: slowestOf(approach === 'batch_simple' || approach === 'batch_complex' ? 'batch' : approach),
    parts,
  };
}

/** A cost as it is shown: amounts to the cent. */
export function roundedCost({ parts, ...cost }: ApproachCost): ApproachCost {
  return {
    monthly_infrastructure: cents(cost.monthly_infrastructure),
    monthly_operational: cents(cost.monthly_operational),
    total_monthly: cents(cost.total_monthly),
    initial_investment: cents(cost.initial_investment),
    annual_tco: cents(cost.annual_tco),
    latency_ms: cost.latency_ms,
    parts: {
      compute: cents(parts.compute),
      storage: cents(parts.storage),
      network: cents(parts.network),
      engineering_hours: clean(parts.engineering_hours),
      on_call_hours: clean(parts.on_call_hours),
      incident_hours: clean(parts.incident_hours),
      development_days: clean(parts.development_days),
      testing_days: clean(parts.testing_days),
    },
  };
}
