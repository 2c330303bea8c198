/** A model of payments, and the one that is to take its place: their scores of a row are never alike. */
export const twoModels =
  (partitions: number) =>
  (shipped: string): string =>
    `version: 1
pipeline: ${/pipeline: (\w+)/.exec(shipped)?.[1] ?? ''}
sources:
  payments: { table: public.payments, partitions: ${partitions} }
enrichments:
  fraud:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "1" }
    input: [amount, a: "1", b: "1", c: "2", d: "-1", e: "2"]
    output: { score: float }
  fraud_shadow:
    from: payments
    model: { kind: sagemaker, endpoint: fraud-xgboost, version: "2" }
    input: [amount, a: "9", b: "0", c: "3", d: "4000", e: "7"]
    output: { score: float }
`;
