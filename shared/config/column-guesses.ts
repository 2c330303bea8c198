// What a column most likely holds, from its name and type: only good enough to propose, never to decide.
import { compile, type Scope } from '../expressions/compile.ts';
import { elementType } from '../expressions/row-values.ts';
import type { Column, Table } from '../postgres/catalog.ts';

const PERSONAL =
  /(^|_)(e?mail|phone|mobile|fax|cell|ssn|sin|social_security|passport|iban|bic|card|cvv|cvc|pan|address|street|zip|zip_code|postcode|postal_code|birth|birthday|birthdate|dob|password|passwd|secret|token|api_key|ip|ip_address|latitude|longitude|driver_license|tax_id|national_id)(_|$|\d)/;
const PERSONAL_NAME =
  /^(name|(first|last|full|middle|given|family|sur|maiden|nick|user|login|display|legal|customer|contact|holder|owner|cardholder|patient|employee|recipient)_?names?|surname|username)$/;
const PROSE =
  /(^|_)(body|comments?|review|description|message|content|notes?|text|feedback|subject|title|summary|question|answer|caption|bio|remarks?|complaint|transcript)$/;
const LANGUAGE = /^(language|lang|locale|language_code)$/;

export interface ColumnGuesses {
  /** Looks personal, and may be left out: it is no key. */
  readonly personal: readonly Column[];
  /** Written by people for people. */
  readonly prose: readonly Column[];
  /** Any other text. */
  readonly texts: readonly Column[];
  /** Numbers, booleans and enums that are no identifiers. */
  readonly features: readonly Column[];
  readonly language: Column | undefined;
  /** An expression cannot spell its name. */
  readonly unspeakable: readonly Column[];
}

interface Named {
  readonly column: Column;
  readonly words: string;
}

export function guessColumns(table: Table, scope: Scope): ColumnGuesses {
  const named = table.columns.map((column): Named => ({ column, words: inWords(column.name) }));
  // card_present is about a card and still nobody's data: a yes, a no or a label names no one.
  const isPersonal = ({ column, words }: Named): boolean =>
    column.base !== 'bool' && column.labels === null && (PERSONAL.test(words) || PERSONAL_NAME.test(words));
  const free = named.filter(
    (each) =>
      !isPersonal(each) &&
      each.column.generated === null &&
      !each.column.array &&
      !table.key.includes(each.column.name),
  );
  const usable = free.filter(({ column }) => isSpeakable(column, scope));
  const texts = usable.filter(({ column }) => isText(column) && !LANGUAGE.test(inWords(column.name)));
  return {
    personal: named
      .filter((each) => isPersonal(each) && !table.key.includes(each.column.name))
      .map(({ column }) => column),
    prose: texts.filter(({ words }) => PROSE.test(words)).map(({ column }) => column),
    texts: texts.filter(({ words }) => !PROSE.test(words)).map(({ column }) => column),
    features: usable
      .filter(({ column, words }) => isFeature(column) && !/(^|_)(id|uuid|number|no|code)$/.test(words))
      .map(({ column }) => column),
    language: usable.find(({ column, words }) => isText(column) && LANGUAGE.test(words))?.column,
    unspeakable: free.filter(({ column }) => !isSpeakable(column, scope)).map(({ column }) => column),
  };
}

/** 'FullName' and 'full name' are full_name. */
function inWords(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}

function isText(column: Column): boolean {
  return ['text', 'varchar', 'citext'].includes(column.base);
}

function isFeature(column: Column): boolean {
  return column.labels !== null || ['bool', 'int', 'double'].includes(elementType(column));
}

function isSpeakable(column: Column, scope: Scope): boolean {
  const compiled = compile(column.name, scope);
  return compiled.ok && compiled.expression.bare === column;
}
