import { startServer, type Server } from '../servers/start-server.ts';

/** The bucket, and the environment that directs a process to a sink instead of S3. */
export const BUCKET = 'bench-bucket';

export const s3Env = (sink: Server): Readonly<Record<string, string>> => ({
  STORE: `s3://${BUCKET}`,
  AWS_ENDPOINT_URL_S3: sink.url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
});

export const startS3 = (): Promise<Server> => startServer('s3-sink');

/** Stores a file as the object of each key. */
export async function upload(sink: Server, keys: readonly string[], file: string): Promise<void> {
  await sink.ask({ ask: 'put', keys: keys.map((key) => `${BUCKET}/${key}`), file });
}

/** Deletes the objects below a prefix, and resets the counts. */
export async function clear(sink: Server, prefix: string): Promise<void> {
  await sink.ask({ ask: 'clear', prefix: `${BUCKET}/${prefix}` });
}

/** Requests since the last `clear`, by S3 action. */
export async function countCalls(sink: Server): Promise<Readonly<Record<string, number>>> {
  return (await sink.ask({ ask: 'counts' })) as Record<string, number>;
}

/** Copies the bytes of objects through two curls into another object: the time that the machine needs to move them. */
export function curlThrough(sink: Server, keys: readonly string[], target: string): readonly string[] {
  const urls = keys.map((key) => `${sink.url}/${BUCKET}/${key}`);
  const script = 'out=$1; shift; curl -sf "$@" | curl -sf -T - "$out"';
  return ['sh', '-c', script, 'curl', `${sink.url}/${BUCKET}/${target}`, ...urls];
}
