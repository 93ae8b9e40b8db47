/** @module-tag exhaustive */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { READ_ITEMS } from '../../host/distributed-map.ts';
import { STEPS } from '../../lib/step-table.ts';
import { callSites } from './call-sites.ts';
import { ENDS, OF_INPUTS, STORIES, WORLDS, type Story, type StoryName } from './role-stories.ts';
import { openRoleWorld } from './role-world.ts';
import { Roles } from './roles.ts';

const roles = new Roles();
const ends = new Map<string, unknown>();
const names = Object.keys(STORIES) as StoryName[];

async function tell(name: StoryName, versioned: boolean): Promise<void> {
  await using world = await openRoleWorld(roles, { ...WORLDS[name], versioned });
  const story: Story = STORIES[name];
  ends.set(`${name}, ${versioned}`, await story(world).catch((error: unknown) => error));
}

/** Publishes the configuration, as a deploy does. */
async function deploy(): Promise<void> {
  const answered: string[] = [];
  const server = createServer((request, response) => {
    answered.push(String(request.method));
    request.resume();
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await using world = await openRoleWorld(roles, { versioned: true });
  await world.publish(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  server.close();
  server.closeAllConnections();
  ends.set('a deploy', answered);
}

const HOOK_MS = 600_000;

beforeAll(async () => {
  for (const name of names) await tell(name, true);
  for (const name of OF_INPUTS) await tell(name, false);
  await deploy();
}, HOOK_MS);

test('the stories reach every place that calls the store or an execution', () => {
  expect(callSites().filter((site) => !roles.sites.has(site))).toEqual([]);
});

test('every call comes from a place in the list of places', () => {
  const known = new Set(callSites());
  expect([...roles.sites].filter((site) => !known.has(site))).toEqual([]);
});

describe.each([...Object.keys(STEPS), READ_ITEMS])('%s', (step) => {
  test('has every permission that it uses', () => {
    expect(roles.denied(step)).toEqual([]);
  });

  test('has no permission for objects and executions that it does not use', () => {
    expect(roles.unused(step)).toEqual([]);
  });
});

test.each(names)('%s', (story) => {
  expect(ends.get(`${story}, true`)).toEqual(ENDS[story]);
});

test.each(OF_INPUTS)('on a bucket without versions, %s', (story) => {
  expect(ends.get(`${story}, false`)).toEqual(ENDS[story]);
});

test('a deploy is answered once its configuration is published', () => {
  expect(ends.get('a deploy')).toEqual(['PUT']);
});
