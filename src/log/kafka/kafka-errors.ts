import { CutoverError, messageOf } from '../../model/errors.js';

/** Errors of kafkajs that no second try mends. */
const REFUSED =
  /SASL|authenticat|not authorized|TOPIC_AUTHORIZATION_FAILED|GROUP_AUTHORIZATION_FAILED|CLUSTER_AUTHORIZATION_FAILED/i;

/** Errors of a handshake, as Node and OpenSSL word them. */
const TLS = /certificate|self.signed|altname|\bSSL\b|\bTLS\b/i;

export function unreachable(brokers: readonly string[], error: unknown): CutoverError {
  return new CutoverError(
    'LOG_UNREACHABLE',
    `Kafka cannot be reached at ${brokers.join(', ')}: ${firstLine(messageOf(error))}`,
    remedyOf(error),
    { cause: error },
  );
}

function remedyOf(error: unknown): string {
  if (isRefusal(error))
    return 'Check log.sasl and log.tls, and the rights of that user: to read the topics, and to join the group.';
  if (TLS.test(messageOf(error)))
    return 'Check log.tls: ca must hold the authority that signed the certificates of the brokers, and the brokers must speak TLS at these addresses.';
  // A user without the right is told no more than this by kafkajs.
  if (/group coordinator/i.test(messageOf(error)))
    return 'Check that the user of log.sasl has the right Read on the group log.group, and that the brokers are well.';
  return 'Check log.brokers, and that the addresses that the brokers advertise can be reached from here.';
}

/** Whether the cluster answered, and said no. */
export function isRefusal(error: unknown): boolean {
  const type = error instanceof Error && 'type' in error ? String(error.type) : '';
  if (REFUSED.test(`${type} ${messageOf(error)}`)) return true;
  // kafkajs wraps what a broker answered, once or twice.
  return error instanceof Error && error.cause !== undefined && error.cause !== error && isRefusal(error.cause);
}

/** @param which of the three files */
export function certificateUnreadable(which: string, error: unknown): CutoverError {
  return new CutoverError(
    'LOG_UNREACHABLE',
    `the file of log.tls.${which} cannot be read: ${firstLine(messageOf(error))}`,
    'Correct its path, which is relative to the folder of the configuration file, or its rights.',
    { cause: error },
  );
}

export function topicMissing(topics: readonly string[]): CutoverError {
  const [first] = topics;
  return new CutoverError(
    'LOG_TOPIC_MISSING',
    topics.length === 1 ? `the topic ${first} does not exist` : `the topics ${topics.join(', ')} do not exist`,
    'Correct log.topics, or create them: cutover never creates a topic.',
  );
}

/** Events that were read once cannot be read again. */
export function rangeGone(partition: string, from: number, to: number): CutoverError {
  return new CutoverError(
    'LOG_RANGE_GONE',
    `${partition}: Kafka no longer has all of the offsets ${from} to ${to - 1} as they were read`,
    "They went by the topic's retention, or with the topic. A longer retention keeps what comes from now on.",
  );
}

/** @param what says which events are gone */
export function dataLost(partition: string, what: string): CutoverError {
  return new CutoverError(
    'LOG_DATA_LOST',
    `${partition}: ${what}`,
    'Both sides lack these events. To go on without them, set log.on_data_loss: mark (the place goes into quarantine), or start with a new store.',
  );
}

export function damaged(partition: string, error: unknown): CutoverError {
  return new CutoverError(
    'LOG_UNREADABLE',
    `${partition}: ${messageOf(error)}`,
    'Nothing of this part was taken. Look at the partition on the broker; another replica may hold it whole.',
    { cause: error },
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
