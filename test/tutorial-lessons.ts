import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** The files that a tutorial's reader saves, and the commands that they type. */
interface Lesson {
  readonly files: readonly { readonly name: string; readonly content: string }[];
  readonly commands: readonly { readonly command: string; readonly shown: readonly string[] }[];
}

export async function readLesson(name: string): Promise<Lesson> {
  const text = await readFile(join(ROOT, 'docs', 'tutorials', `${name}.md`), 'utf8');
  const files = [...text.matchAll(/[Ss]ave this as `([^`]+)`[^`]*(?:\([^)]*\)[^`]*)?```\w*\n([^]*?)```/g)];
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```/gm)].map(([, block = '']) => block);
  return {
    files: files.map(([, file = '', content = '']) => ({ name: file, content })),
    commands: blocks
      .flatMap((block) => block.split(/^\$ /m).slice(1))
      .map((each) => {
        const [command = '', ...shown] = each.trimEnd().split('\n');
        return { command, shown };
      }),
  };
}

/** The arguments of a command line, without quotes. */
export function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
