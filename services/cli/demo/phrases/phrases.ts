export type Sentiment = 'positive' | 'negative' | 'mixed' | 'neutral';

/** What a review in one language is made of. `{n}` becomes a number; every entry is a whole sentence or a title. */
export interface Phrases {
  /** As customers write it in the language column, the most usual first. */
  readonly tags: readonly [string, ...string[]];
  readonly titles: Readonly<Record<Sentiment, readonly string[]>>;
  readonly openings: readonly string[];
  readonly likes: readonly string[];
  readonly dislikes: readonly string[];
  readonly facts: readonly string[];
  /** Stands between what was good and what was not. */
  readonly turn: string;
  readonly closings: Readonly<Record<Sentiment, readonly string[]>>;
  /** Very long reviews are diaries: `{n}` the day, `{m}` a measured value, `{code}` what the device printed. */
  readonly diary: readonly string[];
  /** Too short to say much. */
  readonly brief: Readonly<Record<Sentiment, readonly string[]>>;
  /** Between sentences: nothing in Chinese and Japanese. */
  readonly space: '' | ' ';
}
