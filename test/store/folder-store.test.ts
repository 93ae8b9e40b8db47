import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { describeStore, gather, listed, openThere } from './store-contract.ts';
import { openTempFolder } from '../support/temp-folder.ts';

describeStore('A folder store', {
  open: async () => createFolderStore(await openTempFolder()),
  listing: 'exact',
});

describe('a folder', () => {
  test('has its objects as ordinary files, and sees the files that a user drops', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    await store.put('input/my file+100%.csv', 'a,b\n');
    await writeFile(join(folder, 'input/dropped ü.jsonl'), '{}\n');

    expect(await readFile(join(folder, 'input/my file+100%.csv'), 'utf8')).toBe('a,b\n');
    expect((await store.get('input/dropped ü.jsonl'))?.toString()).toBe('{}\n');
    expect(store.locate('input/my file+100%.csv')).toBe(join(folder, 'input/my file+100%.csv'));
    expect(store.url).toBe(`file://${folder}`);
  });

  test.each(['', '/etc/passwd', '../x', 'a/../../x', 'a/./b', 'a//b', 'a/', 'a\0b', '.tmp/x'])(
    'refuses the key %j in every call',
    async (key) => {
      const store = createFolderStore(await openTempFolder());
      const refusal = {
        name: 'InvalidInput',
        message: expect.stringContaining(JSON.stringify(key)),
      };

      await expect(store.put(key, 'x')).rejects.toMatchObject(refusal);
      await expect(store.createIfAbsent(key, 'x')).rejects.toMatchObject(refusal);
      await expect(store.open(key)).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(store.delete(key)).rejects.toMatchObject(refusal);
      expect(() => store.write(key)).toThrow(expect.objectContaining(refusal));
    },
  );

  test.each(['../', '/', 'a//', './', '.tmp/'])('lists nothing under the prefix %j', async (prefix) => {
    const folder = await openTempFolder();
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'secret'), 'x');
    const store = createFolderStore(join(folder, 'inner'));
    await store.write('a/b').write('unfinished');

    expect(await listed(store, prefix)).toEqual([]);
  });

  // Only Linux lists the open files of a process.
  const onLinux = process.platform === 'linux';

  test.runIf(onLinux).each([
    [0, 200_000],
    [70_000, 150_000],
  ])(
    'closes a file of one version before it passes on the last of its bytes %i to %i',
    async (start, end) => {
      const store = createFolderStore(await openTempFolder());
      await store.put('a', Buffer.alloc(200_000, 'x'));
      const { body } = await openThere(store, 'a', { start, end, etag: (await store.stat('a'))?.etag });
      const chunks = body[Symbol.asyncIterator]();

      let left = end - start;
      const isOpen: boolean[] = [];
      while (left > 0) {
        const { value } = await chunks.next();
        left -= (value as Buffer).length;
        isOpen.push((await openFiles()).includes(store.locate('a')));
      }

      expect(isOpen).toEqual([...Array.from({ length: isOpen.length - 1 }, () => true), false]);
      expect(isOpen.length).toBeGreaterThan(1);
      expect(await chunks.next()).toMatchObject({ done: true });
    },
  );

  test('leaves no partial file behind and never lists one', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    const writer = store.write('out');
    await writer.write(Buffer.alloc(1_000_000));

    expect(await listed(store, '')).toEqual([]);
    await writer.abort();
    await store.put('a', 'x');
    await store.createIfAbsent('a', 'y');
    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
  });

  test('reports a block that cannot be written, at the next write and when it is closed', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    // The store keeps incomplete files in a folder with this name.
    await writeFile(join(folder, '.tmp'), '');
    const writer = store.write('out');
    const chunk = Buffer.alloc(400_000);
    await writer.write(chunk);
    // `write` starts to write the first block and returns before it is written.
    await writer.write(chunk);

    await expect(writer.write(chunk)).rejects.toThrow('.tmp');
    await expect(writer.write(chunk)).rejects.toThrow('.tmp');
    await expect(writer.close()).rejects.toThrow('.tmp');
    await writer.abort();
    expect(await store.get('out')).toBeUndefined();
  });

  test('drops a file whose last block is still being written', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    const writer = store.write('out');
    const chunk = Buffer.alloc(400_000);
    await writer.write(chunk);
    await writer.write(chunk);
    await writer.abort();

    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
    await expect(writer.write(chunk)).rejects.toThrow('was closed');
  });

  test('continues reading an open file that is replaced', async () => {
    const store = createFolderStore(await openTempFolder());
    await store.put('a', Buffer.alloc(2_000_000, 'o'));
    const old = await openThere(store, 'a');
    await store.put('a', Buffer.alloc(10, 'n'));

    expect((await gather(old.body)).equals(Buffer.alloc(old.bytes, 'o'))).toBe(true);
  });

  test('names the key if a folder or a file is in its way', async () => {
    const store = createFolderStore(await openTempFolder());
    await store.put('a', 'x');
    await store.put('b/c', 'x');

    for (const key of ['a/b', 'b', `c/${'x'.repeat(300)}`]) {
      const refusal: object = { name: 'InvalidInput', message: expect.stringContaining(key) };
      await expect(store.put(key, 'x')).rejects.toMatchObject(refusal);
      const writer = store.write(key);
      await expect(writer.close()).rejects.toMatchObject(refusal);
      await writer.abort();
      expect(await store.get(key)).toBeUndefined();
      await store.delete(key);
    }
    expect((await listed(store, '')).map(({ key }) => key)).toEqual(['a', 'b/c']);
  });

  test('joins no folder, and leaves what was there', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    await store.put('a', 'before');
    await store.put('folder/b', 'b');

    await expect(store.concat('a', ['folder/b', 'folder'])).rejects.toThrow(
      `no ${join(folder, 'folder')} to join`,
    );
    expect((await store.get('a'))?.toString()).toBe('before');
    expect(await readdir(join(folder, '.tmp'))).toEqual([]);
  });

  test('skips everything that is not a file', async () => {
    const folder = await openTempFolder();
    const store = createFolderStore(folder);
    await store.put('a', 'x');
    await symlink('nowhere', join(folder, 'broken'));

    expect((await listed(store, '')).map(({ key }) => key)).toEqual(['a']);
    expect(await listed(createFolderStore(join(folder, 'not there')), '')).toEqual([]);
  });

  test('lets exactly one of several processes create each object', async () => {
    const folder = await openTempFolder();
    const module = new URL('../../src/store/folder-store.ts', import.meta.url).href;
    const racer = `
      const { createFolderStore } = await import(${JSON.stringify(module)});
      const store = createFolderStore(${JSON.stringify(folder)});
      for (let key = 0; key < 100; key += 1) {
        if (await store.createIfAbsent('keys/' + key, String(process.pid))) console.log(key);
      }`;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', racer]);

    const outputs = await Promise.all([run(), run(), run()]);

    const won = outputs.flatMap(({ stdout }) => stdout.trim().split('\n').filter(Boolean).map(Number));
    expect(won.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, key) => key));
  });
});

/** Paths of the files that this process has open. */
async function openFiles(): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return Promise.all(links);
}
