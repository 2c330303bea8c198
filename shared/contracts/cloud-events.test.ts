import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CloudEventFacts, cloudEventHeaders } from './cloud-events.ts';
import { cloudEventHeaders as schema } from './events.ts';

const facts: CloudEventFacts = {
  kind: 'enriched',
  pipeline: 'afterglow',
  enrichment: 'fraud',
  identity: '["fraud","{\\"id\\":\\"7\\"}",1,"00000016/B374D848",0,3,"scored"]',
  table: 'public.transactions',
  keyText: '{"id":"7"}',
  time: '2026-11-20T09:15:02.123456Z',
};

describe('the headers of an event', () => {
  test('are those of CloudEvents 1.0 in binary mode, with a source that is a URI reference', () => {
    const headers = cloudEventHeaders(facts);
    expect(headers).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: hash('sha256', facts.identity, 'hex'),
      ce_type: 'dev.afterglow.enriched.v1',
      ce_source: '/afterglow/afterglow/fraud',
      ce_subject: 'public.transactions/%7B%22id%22%3A%227%22%7D',
      ce_time: '2026-11-20T09:15:02.123456Z',
      ce_dataschema: 'urn:afterglow:enriched:v1',
    });
    expect(schema.parse(headers)).toEqual(headers);
    expect(new URL(headers.ce_source, 'https://host').pathname).toBe(headers.ce_source);
    expect(new URL(headers.ce_dataschema).protocol).toBe('urn:');
  });

  test('say the same of a redelivery, which only its time tells apart', () => {
    const { ce_time: _first, ...first } = cloudEventHeaders(facts);
    const { ce_time: _again, ...again } = cloudEventHeaders({
      ...facts,
      time: '2026-11-20T10:00:00.000000Z',
    });
    expect(again).toEqual(first);
  });

  test.each(['"', ' ', '%', '/', '\n', 'ü', '\ud800', '{"a":1,"b":"x y"}'])(
    'hold a key with %j as ASCII that can be read back',
    (part) => {
      const { ce_subject: subject } = cloudEventHeaders({ ...facts, keyText: part });
      expect(subject).toMatch(/^[\x21-\x7e]+$/);
      expect(decodeURIComponent(subject.split('/')[1] ?? '')).toBe(part.toWellFormed());
    },
  );
});
