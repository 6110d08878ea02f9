import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/cli/clock.js';
import { CutoverError } from '../../src/model/errors.js';
import type { Logger } from '../../src/model/ports.js';
import type { KafkaLogConfig } from '../../src/model/project.js';
import { localKafkaProblem, startLocalKafka, type KafkaPart } from '../parts/kafka.js';
import { freePort } from '../parts/process.js';
import { loudly } from '../parts/require.js';
import { readAll } from './open-log.js';
import { createTopic, send, withAdmin } from './topics.js';

const problem = await localKafkaProblem();
const PASSWORD = 'right-"secret"-1';
const ALLOWED = {
  host: '*',
  permissionType: AclPermissionTypes.ALLOW,
  resourcePatternType: ResourcePatternTypes.LITERAL,
};
const WRONG = 'wrong-secret-2';

/** An authority, and a certificate for 127.0.0.1 that it signed; in `folder`, by name. */
async function certificates(folder: string, authority: string): Promise<void> {
  const openssl = (...args: string[]): Promise<unknown> => promisify(execFile)('openssl', args, { cwd: folder });
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  const ca = ['-keyout', `${authority}.key`, '-out', `${authority}.pem`];
  await openssl('req', '-x509', ...key, ...ca, '-days', '2', '-subj', `/CN=${authority}`);
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1');
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n');
  const signer = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
  await openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    ...signer,
    '-days',
    '2',
    '-out',
    'server.crt',
    '-extfile',
    'names',
  );
}

describe.skipIf(loudly('TLS and SASL of Kafka', problem))('a broker with TLS and SASL', () => {
  let broker: KafkaPart;
  let folder: string;
  let topic: string;
  let visible: string;
  let hidden: string;
  const ports: Record<'SASL_PLAINTEXT' | 'SASL_SSL' | 'SSL', number> = { SASL_PLAINTEXT: 0, SASL_SSL: 0, SSL: 0 };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-tls-'));
    await certificates(folder, 'other');
    await certificates(folder, 'ca');
    const [key, certificate] = await Promise.all(
      ['server.key', 'server.crt'].map((name) => readFile(join(folder, name))),
    );
    await writeFile(join(folder, 'server.pem'), `${String(key)}${String(certificate)}`);
    for (const protocol of ['SASL_PLAINTEXT', 'SASL_SSL', 'SSL'] as const) ports[protocol] = await freePort();
    const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_me="${PASSWORD.replaceAll('"', '\\\\"')}";`;
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    broker = await startLocalKafka(
      {
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
        ...Object.fromEntries(
          ['sasl_plaintext', 'sasl_ssl'].flatMap((listener) => [
            [`listener.name.${listener}.plain.sasl.jaas.config`, plain],
            [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, scram],
          ]),
        ),
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': join(folder, 'server.pem'),
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': join(folder, 'ca.pem'),
        'listener.name.ssl.ssl.client.auth': 'required',
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
      { listeners: ports, scram: [`SCRAM-SHA-256=[name=me,password=${PASSWORD}]`] },
    );
    topic = await createTopic(broker.brokers, 1);
    await send(broker.brokers, topic, [{ value: 'one' }, { value: 'two' }]);
    visible = await createTopic(broker.brokers, 1);
    hidden = await createTopic(broker.brokers, 1);
    const { TOPIC, GROUP } = AclResourceTypes;
    const { READ, DESCRIBE } = AclOperationTypes;
    // Exactly the rights that docs/kafka.md asks for; Read includes Describe.
    await withAdmin(broker.brokers, (admin) =>
      admin.createAcls({
        acl: [
          ...['User:me', 'User:CN=127.0.0.1'].flatMap((principal) => [
            { ...ALLOWED, principal, resourceType: TOPIC, resourceName: topic, operation: READ },
            { ...ALLOWED, principal, resourceType: GROUP, resourceName: `g-${topic}`, operation: READ },
          ]),
          { ...ALLOWED, principal: 'User:me', resourceType: TOPIC, resourceName: visible, operation: DESCRIBE },
          { ...ALLOWED, principal: 'User:me', resourceType: GROUP, resourceName: `g-${visible}`, operation: READ },
        ],
      }),
    );
    await send(broker.brokers, visible, [{ value: 'three' }]);
  }, 120_000);
  afterAll(async () => {
    await broker.stop();
    await rm(folder, { recursive: true });
  });

  const at = (protocol: keyof typeof ports): string[] => [`127.0.0.1:${ports[protocol]}`];
  const tls = (authority = 'ca'): Partial<KafkaLogConfig> => ({ tls: { ca: join(folder, `${authority}.pem`) } });
  const sasl = (mechanism: 'plain' | 'scram-sha-256', password = PASSWORD): Partial<KafkaLogConfig> => ({
    sasl: { mechanism, username: 'me', password },
  });

  it.each([
    ['PLAIN', 'SASL_PLAINTEXT', () => sasl('plain')],
    ['SCRAM', 'SASL_PLAINTEXT', () => sasl('scram-sha-256')],
    ['PLAIN over TLS', 'SASL_SSL', () => ({ ...tls(), ...sasl('plain') })],
    ['SCRAM over TLS', 'SASL_SSL', () => ({ ...tls(), ...sasl('scram-sha-256') })],
    [
      'a certificate of its own',
      'SSL',
      () => ({
        tls: { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.crt'), key: join(folder, 'server.key') },
      }),
    ],
  ] as const)('is read with %s', async (_, protocol, config) => {
    expect((await readAll(at(protocol), [topic], { config: config() })).values).toEqual(['one', 'two']);
  });

  /** What a run says that cannot connect: the error whole, and every line of the log. */
  async function refused(
    protocol: keyof typeof ports,
    config: Partial<KafkaLogConfig>,
    of = topic,
  ): Promise<{ error: CutoverError; said: string }> {
    // A clock that runs fast: the minute of patience is soon over.
    const begun = Date.now();
    const clock = { ...systemClock, now: () => new Date(begun + (Date.now() - begun) * 15) };
    const lines: unknown[] = [];
    const log = (...line: unknown[]): void => void lines.push(line);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const error: unknown = await readAll(at(protocol), [of], { config, logger, clock }).catch(
      (reason: unknown) => reason,
    );
    if (!(error instanceof CutoverError)) throw new Error(`expected a CutoverError, got ${String(error)}`);
    const said = [inspect(error, { depth: null, showHidden: true }), error.stack, inspect(lines, { depth: null })];
    return { error, said: said.join('\n') };
  }

  it.each(['plain', 'scram-sha-256'] as const)(
    'refuses a wrong password (%s), which is shown nowhere',
    async (mechanism) => {
      const { error, said } = await refused('SASL_SSL', { ...tls(), ...sasl(mechanism, WRONG) });
      expect(error.code).toBe('LOG_UNREACHABLE');
      expect(error.message).toMatch(/^Kafka cannot be reached at 127\.0\.0\.1:\d+: .*[Aa]uthentication/);
      expect(error.remedy).toBe(
        'Check log.sasl and log.tls, and the rights of that user: to read the topics, and to join the group.',
      );
      expect(said).not.toContain(WRONG);
      expect(said).not.toContain(Buffer.from(WRONG).toString('base64'));
    },
  );

  it('is refused when another authority signed its certificate', async () => {
    for (const config of [tls('other'), { tls: {} }]) {
      const { error, said } = await refused('SASL_SSL', { ...config, ...sasl('plain') });
      expect(error.code).toBe('LOG_UNREACHABLE');
      expect(error.message).toContain('certificate');
      expect(error.remedy).toMatch(/^Check log\.tls: ca must hold the authority/);
      expect(said).not.toContain('right-');
    }
  });

  it('says which right is missing: a topic that is kept from this user is not one that does not exist', async () => {
    const unseen = await refused('SASL_SSL', { ...tls(), ...sasl('plain') }, hidden);
    expect(unseen.error.code).toBe('LOG_UNREACHABLE');
    expect(unseen.error.message).toContain('TOPIC_AUTHORIZATION_FAILED');
    expect(unseen.error.remedy).toContain('the rights of that user');
    const group = await refused('SASL_SSL', { ...tls(), ...sasl('plain'), group: 'of others' });
    expect(group.error.code).toBe('LOG_UNREACHABLE');
    expect(group.error.remedy).toContain('the right Read on the group log.group');
    const unread = await refused('SASL_SSL', { ...tls(), ...sasl('plain') }, visible);
    expect(unread.error.code).toBe('LOG_UNREADABLE');
    expect(unread.error.message).toContain('TOPIC_AUTHORIZATION_FAILED');
  });

  it('is not asked at all when a certificate cannot be read', async () => {
    const { error } = await refused('SASL_SSL', { ...tls('none'), ...sasl('plain') });
    expect(error).toMatchObject({
      code: 'LOG_UNREACHABLE',
      message: expect.stringContaining('the file of log.tls.ca cannot be read: ENOENT') as string,
    });
  });
});
