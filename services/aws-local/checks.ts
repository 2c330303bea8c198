import { z } from 'zod';

const isOn = z.boolean().exactOptional();

/** Which checks to change; the others stay as they are. */
export const checksChange = z.strictObject({
  batch_size: isOn,
  text_size: isOn,
  blank_text: isOn,
  language: z.enum(['ValidationException', 'UnsupportedLanguageException', 'off']).exactOptional(),
  symbols: isOn,
  characters: isOn,
  tokens: isOn,
  profile: isOn,
  signature: z.enum(['form', 'recomputed']).exactOptional(),
});

export type ChecksChange = z.output<typeof checksChange>;
/** Limits that a test may want to get past, and answers that the reference is not sure of. */
export type Checks = Readonly<Required<ChecksChange>>;

export const ALL_CHECKS: Checks = {
  batch_size: true,
  text_size: true,
  blank_text: true,
  language: 'ValidationException',
  symbols: true,
  characters: true,
  tokens: true,
  profile: true,
  signature: 'form',
};
