import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callerOf } from '../../src/api/caller.ts';

/** The part of an API Gateway event (payload format 2.0) that identifies the caller. */
const eventOf = (authorizer?: object) => ({
  version: '2.0',
  requestContext: { accountId: '111122223333', http: { method: 'GET' }, ...(authorizer && { authorizer }) },
});

const iam = (callerId: string, more: object = {}) =>
  eventOf({
    iam: {
      accessKey: 'AKIAEXAMPLE',
      accountId: '111122223333',
      callerId,
      cognitoIdentity: null,
      principalOrgId: 'o-1',
      userArn: 'arn:aws:iam::111122223333:user/alice',
      userId: callerId,
      ...more,
    },
  });

const jwt = (claims: object) => eventOf({ jwt: { claims, scopes: null } });

describe('the caller of a request', () => {
  test('is a user of an account', () => {
    expect(callerOf(iam('AIDAEXAMPLE'))).toBe('iam:111122223333:AIDAEXAMPLE');
  });

  test('is the same role with any session name', () => {
    const ids = ['AROAEXAMPLE:monday', 'AROAEXAMPLE:tuesday'].map((id) => callerOf(iam(id)));

    expect(ids).toEqual(['iam:111122223333:AROAEXAMPLE', 'iam:111122223333:AROAEXAMPLE']);
  });

  test('is another caller in another account', () => {
    expect(callerOf(iam('AIDAEXAMPLE', { accountId: '444455556666' }))).not.toBe(
      callerOf(iam('AIDAEXAMPLE')),
    );
  });

  test('is the issuer and the subject of a token; other claims do not matter', () => {
    const claims = { iss: 'https://id.example', sub: 'u-1' };

    expect(callerOf(jwt({ ...claims, exp: '1790000000', aud: ['a', 'b'] }))).toBe(
      'jwt:https://id.example:u-1',
    );
    expect(callerOf(jwt({ ...claims, exp: 1_790_003_600, admin: true }))).toBe('jwt:https://id.example:u-1');
  });

  test('is another caller with another subject', () => {
    expect(callerOf(jwt({ iss: 'i', sub: 'a' }))).not.toBe(callerOf(jwt({ iss: 'i', sub: 'b' })));
  });

  test('is the principal that an authorizer of the app returns', () => {
    expect(callerOf(eventOf({ lambda: { principalId: 'team-a', more: 1 } }))).toBe('own:team-a');
  });

  test.for<[string, object]>([
    ['says nothing', {}],
    ['returns no context', { lambda: null }],
    ['returns an empty principal', { lambda: { principalId: '' } }],
    ['is of another kind', { lambda: { user: 'a' } }],
  ])('is unknown with an authorizer that %s', ([, authorizer]) => {
    expect(() => callerOf(eventOf(authorizer))).toThrow('sender of the request is unknown');
  });

  test.for([
    ['without an authorizer', eventOf()],
    ['without a context', {}],
    ['that is none', undefined],
  ])('is unknown with an event %s', ([, event]) => {
    expect(() => callerOf(event)).toThrow(z.ZodError);
  });
});
