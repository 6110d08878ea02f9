import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** What the Java client puts before snappy data, which it cuts into blocks. Source: xerial/snappy-java, SnappyOutputStream. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER = 16;

/** The decoders are loaded with the first batch that needs them. */
export async function decompress(codec: Codec, body: Buffer): Promise<Buffer> {
  switch (codec) {
    case 'none':
      return body;
    case 'gzip':
      return promisify(gunzip)(body);
    case 'snappy':
      return unsnap(body);
    case 'lz4': {
      const { decompress: decode } = (await import('lz4js')).default;
      return asBuffer(decode(body));
    }
    case 'zstd': {
      const { decompress: decode } = await import('fzstd');
      return asBuffer(decode(body));
    }
  }
}

async function unsnap(body: Buffer): Promise<Buffer> {
  const { uncompress } = (await import('snappyjs')).default;
  if (!body.subarray(0, XERIAL.length).equals(XERIAL)) return asBuffer(uncompress(body));
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER; at < body.length;) {
    const length = body.readInt32BE(at);
    blocks.push(asBuffer(uncompress(body.subarray(at + 4, at + 4 + length))));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
