import { z } from 'zod';
import { occurrences, type Rule } from './rule.ts';

const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const versions = z.record(z.string(), z.string()).default({});
const PackageFile = z.object({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  peerDependencies: versions,
});

export const PACKAGE_RULES: readonly Rule[] = [
  {
    name: 'package versions are exact',
    reason: 'A range lets two clean installs differ, and a young dependency change under us.',
    check: ({ files }) =>
      files
        .filter((file) => /(^|\/)package\.json$/.test(file.path))
        .flatMap((file) =>
          Object.values(PackageFile.parse(JSON.parse(file.content)))
            .flatMap((group) => Object.entries(group))
            .filter(([, version]) => !EXACT.test(version))
            .map(([name, version]) => `${file.path}: ${name} ${version}`),
        ),
  },
  {
    name: 'the lock file holds no addresses',
    reason:
      'With addresses in it, npm ci asks the registry of whoever wrote it instead of the one configured here.',
    check: ({ files }) =>
      files
        .filter((file) => /(^|\/)package-lock\.json$/.test(file.path))
        .flatMap((file) => occurrences(file, 'content', /"resolved": "[^"]*"/g).slice(0, 5)),
  },
];
