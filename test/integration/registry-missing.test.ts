import { expect, it, vi } from 'vitest';
import { registryDecoder } from '../../src/log/kafka/registry.js';

vi.mock('@kafkajs/confluent-schema-registry', () => {
  throw new Error("Cannot find package '@kafkajs/confluent-schema-registry'");
});

it('without the optional package, format: registry says what to install', async () => {
  await expect(registryDecoder({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({
    code: 'LOG_REGISTRY',
    message: expect.stringContaining('the package @kafkajs/confluent-schema-registry cannot be loaded: ') as string,
    remedy: 'Install it beside cutover: it is needed only for log.format: registry.',
  });
});
