import type { z } from 'zod';

/** What the definition needs to know of a model kind; how it is called is in shared/models. */
export interface ModelKind {
  readonly schema: z.ZodObject<{ kind: z.ZodLiteral<string> }>;
  /** tabular: numbers in the order of `input`; text: the parts of `input` joined by a newline. */
  readonly input: 'tabular' | 'text';
  /** declared: the definition names them under `output`, because only its author knows what the endpoint answers. */
  readonly outputs: 'declared' | Readonly<Record<string, 'float' | 'text'>>;
  /** Decisions that must never rest on this kind alone, with the reason. */
  readonly refusedActions: Readonly<Record<string, string>>;
}
