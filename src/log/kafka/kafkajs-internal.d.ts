/**
 * The parts of kafkajs 2.2.4 that its types leave out. Its consumer decides by itself what to skip (see docs/kafka.md), so only its wire layer is used for
 * reading: connections, authentication, metadata. The version is pinned for that reason.
 */
declare module 'kafkajs/src/cluster/index.js' {
  import type { Logger, SASLOptions } from 'kafkajs';
  import type { ConnectionOptions } from 'node:tls';

  export interface WireRequest {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    /** An object of this form is what kafkajs takes for its own encoder. */
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  }

  export interface WireResponse<T> {
    decode(payload: Buffer): Promise<T>;
    parse(decoded: T): Promise<T>;
  }

  export interface WireBroker {
    readonly nodeId: number | null;
    /** By number of the API. */
    readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
    readonly connectionPool: {
      readonly host: string;
      readonly port: number;
      send<T>(request: {
        readonly request: WireRequest;
        readonly response: WireResponse<T>;
        readonly requestTimeout?: number | null;
        readonly logResponseError?: boolean;
      }): Promise<T>;
    };
    metadata(topics: readonly string[]): Promise<{ readonly clusterId: string | null }>;
    disconnect(): Promise<void>;
  }

  export interface TopicOffsets {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }

  // kafkajs exports it so.
  // eslint-disable-next-line no-restricted-syntax
  export default class Cluster {
    constructor(options: {
      readonly logger: Logger;
      readonly socketFactory: unknown;
      readonly brokers: readonly string[];
      readonly ssl?: ConnectionOptions | boolean;
      readonly sasl?: SASLOptions;
      readonly clientId: string;
      readonly connectionTimeout: number;
      readonly authenticationTimeout: number;
      readonly reauthenticationThreshold: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly metadataMaxAge: number;
      readonly retry: object;
      readonly allowAutoTopicCreation: boolean;
      readonly isolationLevel: number;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
    refreshMetadata(): Promise<void>;
    getNodeIds(): readonly string[];
    findBroker(which: { readonly nodeId: string }): Promise<WireBroker>;
    findControllerBroker(): Promise<WireBroker>;
    removeBroker(where: { readonly host: string; readonly port: number }): void;
    findTopicPartitionMetadata(
      topic: string,
    ): readonly { readonly partitionId: number; readonly leader: number | null }[];
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
        readonly fromBeginning?: boolean;
        readonly fromTimestamp?: number;
      }[],
    ): Promise<readonly TopicOffsets[]>;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs';

  // eslint-disable-next-line no-restricted-syntax
  export default function createSocketFactory(): ISocketFactory;
}

declare module 'snappyjs' {
  export function uncompress(data: Uint8Array): Uint8Array;
}

declare module 'lz4js' {
  export function decompress(data: Uint8Array, maxSize?: number): Uint8Array;
}
