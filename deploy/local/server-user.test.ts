import { expect, test } from 'vitest';
import { maySearch, parseUsers, requireNamedUser } from './server-user.ts';

test('users are found by name, root and broken lines are not', () => {
  const users = parseUsers(
    'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nbroken\npostgres:x:26:27::/:\n',
  );
  expect([...users.values()]).toEqual([
    { name: 'nobody', uid: 65_534, gid: 65_534 },
    { name: 'postgres', uid: 26, gid: 27 },
  ]);
});

test('a user without a name is told what to do before anything is made', () => {
  expect(() => requireNamedUser()).not.toThrow();
  const lookUp = (): never => {
    throw new Error('ENOENT: no such file or directory, uv_os_get_passwd');
  };
  expect(() => requireNamedUser(lookUp)).toThrow(
    expect.objectContaining({
      code: 'postgres_start_failed',
      message: expect.stringContaining('has no name on this system'),
      remedy: expect.stringContaining('/etc/passwd'),
    }),
  );
});

const user = { name: 'postgres', uid: 26, gid: 27 };
test.each([
  ['open to all', { mode: 0o40755, uid: 0, gid: 0 }, true],
  ['of root alone', { mode: 0o40700, uid: 0, gid: 0 }, false],
  ['of the group, and the user is in it', { mode: 0o40710, uid: 0, gid: 27 }, true],
  ['of others only: the group of the user is shut out', { mode: 0o40701, uid: 0, gid: 27 }, false],
  ['its own', { mode: 0o40700, uid: 26, gid: 0 }, true],
])('a folder %s', (_, folder, searchable) => {
  expect(maySearch(folder, user)).toBe(searchable);
});
