import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openLinks } from '../../src/store/open-store.ts';
import { createS3Links } from '../../src/store/s3-links.ts';

const credentials = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'secret-of-the-house',
  sessionToken: 'token',
};

const openClient = () => new S3Client({ region: 'eu-central-1', credentials });

const links = () => createS3Links('my-bucket', openClient());

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a presigned URL', () => {
  test('is valid for 15 minutes', async () => {
    for (const url of [await links().download('output/a'), await links().upload('input/a')]) {
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
    }
  });

  test('is either for GET or for PUT', async () => {
    expect(new URL(await links().download('output/a')).searchParams.get('x-id')).toBe('GetObject');
    expect(new URL(await links().upload('input/a')).searchParams.get('x-id')).toBe('PutObject');
  });

  test.for([
    ['output/a b/results.jsonl', '/output/a%20b/results.jsonl'],
    ['input/größe.csv', '/input/gr%C3%B6%C3%9Fe.csv'],
    ['input/a?b#c&d=e.csv', '/input/a%3Fb%23c%26d%3De.csv'],
    ['input/a+b%20c.csv', '/input/a%2Bb%2520c.csv'],
    ["input/(it's)*!.csv", '/input/%28it%27s%29%2A%21.csv'],
    ['staged/🌙.csv', '/staged/%F0%9F%8C%99.csv'],
  ])('has its key encoded: %s', async ([key = '', path]) => {
    for (const url of [await links().download(key), await links().upload(key)]) {
      const { protocol, host, pathname } = new URL(url);
      expect(`${protocol}//${host}`).toBe('https://my-bucket.s3.eu-central-1.amazonaws.com');
      expect(pathname).toBe(path);
      expect(decodeURIComponent(pathname)).toBe(`/${key}`);
    }
  });

  test('is signed with the credentials and does not contain the secret', async () => {
    const url = await links().download('output/a');

    const { searchParams } = new URL(url);
    expect(searchParams.get('X-Amz-Credential')).toMatch(
      /^AKIAEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request$/,
    );
    expect(searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
    expect(searchParams.get('X-Amz-Security-Token')).toBe('token');
    expect(url).not.toContain(credentials.secretAccessKey);
  });

  test('signs only the headers for the host, for not overwriting, and for the stated length', async () => {
    const signed = (url: string) => new URL(url).searchParams.get('X-Amz-SignedHeaders');

    expect(signed(await links().download('output/a'))).toBe('host');
    expect(signed(await links().upload('input/a'))).toBe('host;if-none-match');
    expect(signed(await links().upload('input/a', 5))).toBe('content-length;host;if-none-match');
    expect(await links().upload('input/a', 5)).not.toBe(await links().upload('input/a', 6));
  });
});

describe('the presigned URLs of the bucket in STORE', () => {
  test('do not require a checksum of the uploaded bytes', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    vi.stubEnv('AWS_REGION', 'eu-central-1');

    const { host, searchParams } = new URL(await openLinks('s3://my-bucket').upload('input/a'));

    expect(host).toBe('my-bucket.s3.eu-central-1.amazonaws.com');
    expect([...searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
  });
});
