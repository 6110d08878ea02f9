/**
 * The use cases, each behind its own import: a command loads what it uses, and `cutover --help` none of them.
 * Tests hand in their own.
 */
export interface UseCases {
  run(): Promise<Pick<typeof import('../app/run.js'), 'runOnce' | 'runForever'>>;
  serve(): Promise<
    Pick<typeof import('../app/serve.js'), 'StateReader' | 'serveStore'> &
      Pick<typeof import('../server/server.js'), 'startServer'>
  >;
  compare(): Promise<Pick<typeof import('../app/compare.js'), 'compareNow'>>;
  rebuild(): Promise<Pick<typeof import('../app/rebuild.js'), 'rebuild'>>;
  report(): Promise<Pick<typeof import('../app/report.js'), 'storedReport'>>;
  gate(): Promise<Pick<typeof import('../app/gate.js'), 'askGate'>>;
  canary(): Promise<Pick<typeof import('../app/canary.js'), 'canaryAction'>>;
  route(): Promise<Pick<typeof import('../app/route.js'), 'routeKey'>>;
  views(): Promise<Pick<typeof import('../app/views.js'), 'listViews' | 'refreshNow' | 'dropRemoved'>>;
  quarantine(): Promise<Pick<typeof import('../app/quarantine.js'), 'listQuarantine' | 'retryQuarantine'>>;
  advise(): Promise<
    Pick<
      typeof import('../app/advise.js'),
      'adviseOn' | 'measurePipeline' | 'adviceSteps' | 'answerProblem' | 'requestOf' | 'adviceYaml'
    >
  >;
  doctor(): Promise<Pick<typeof import('../app/doctor.js'), 'doctor'>>;
  diff(): Promise<
    Pick<typeof import('../app/diff.js'), 'diffTables'> &
      Pick<typeof import('../app/diff-plan.js'), 'planDiffOf'> &
      Pick<typeof import('../app/diff-rules.js'), 'rulesOf'> &
      Pick<typeof import('../app/diff-kept.js'), 'forgetKept'>
  >;
  printDdl(): Promise<Pick<typeof import('../app/print-ddl.js'), 'printDdl'>>;
  init(): Promise<Pick<typeof import('../app/init.js'), 'init'>>;
  demo(): Promise<Pick<typeof import('../app/demo.js'), 'demo'>>;
}

export const useCases: UseCases = {
  run: () => import('../app/run.js'),
  serve: async () => ({ ...(await import('../app/serve.js')), ...(await import('../server/server.js')) }),
  compare: () => import('../app/compare.js'),
  rebuild: () => import('../app/rebuild.js'),
  report: () => import('../app/report.js'),
  gate: () => import('../app/gate.js'),
  canary: () => import('../app/canary.js'),
  route: () => import('../app/route.js'),
  views: () => import('../app/views.js'),
  quarantine: () => import('../app/quarantine.js'),
  advise: () => import('../app/advise.js'),
  doctor: () => import('../app/doctor.js'),
  diff: async () => ({
    ...(await import('../app/diff.js')),
    ...(await import('../app/diff-plan.js')),
    ...(await import('../app/diff-rules.js')),
    ...(await import('../app/diff-kept.js')),
  }),
  printDdl: () => import('../app/print-ddl.js'),
  init: () => import('../app/init.js'),
  demo: () => import('../app/demo.js'),
};
