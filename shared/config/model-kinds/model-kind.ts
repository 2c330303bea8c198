import type { z } from 'zod';

/** A setting that another one of the same model forbids. */
export interface SettingProblem {
  readonly setting: string;
  readonly message: string;
  readonly instead: string;
}

/** What the definition needs to know of a model kind; how it is called is in shared/models. */
export interface ModelKind {
  readonly schema: z.ZodObject<{ kind: z.ZodLiteral<string> }>;
  /** tabular: numbers in the order of `input`; text: the parts of `input` joined by a newline. */
  readonly input: 'tabular' | 'text';
  /**
   * declared: the definition names them under `output`, because only its author knows what the endpoint answers. vectors:
   * one per chunk of a text, of `model.dimensions` numbers; flag and decide see none of them.
   */
  readonly outputs: 'declared' | 'vectors' | Readonly<Record<string, 'float' | 'text' | 'bool'>>;
  /** Decisions that must never rest on this kind alone, with the reason. */
  readonly refusedActions: Readonly<Record<string, string>>;
  /** What the schema cannot say: rules between two settings of a model of this kind. */
  readonly problemOf?: (model: Readonly<Record<string, unknown>>) => SettingProblem | undefined;
}
