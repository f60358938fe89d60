// What $receive-stock and $issue-stock share: one movement, saved once however often it is sent.
import type { Substance, SupplyDelivery } from 'fhir/r4.js';
import { answerWith, type OperationAnswer, type OperationContext, type Transaction } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { createCrowd } from '../shared/crowd.ts';
import { earlierAnswer, oneTimeRequest } from '../shared/idempotency.ts';
import { asStored, contentOf, creation, need } from '../shared/resources.ts';
import { isStockItem } from './stock-item.ts';

const crowd = createCrowd();

export interface Recording {
  operation: string;
  input: { idempotencyKey?: string | undefined };
  /** throws where the stock plainly does not allow it */
  look(item: Substance): void;
  make(item: Substance, tx: Transaction): SupplyDelivery | Promise<SupplyDelivery>;
}

export async function record(
  { target, store, call }: OperationContext,
  { operation, input, look, make }: Recording,
): Promise<OperationAnswer<{ return: SupplyDelivery }>> {
  const itemId = target.id!;
  const once = oneTimeRequest(`${operation} Substance/${itemId}`, call, input);
  const repeated = (): Promise<SupplyDelivery | undefined> =>
    once === undefined ? Promise.resolve(undefined) : earlierAnswer<SupplyDelivery>(store, 'SupplyDelivery', once);
  const earlier = await repeated();
  if (earlier !== undefined) return recorded(earlier, true);

  const attempt = (): Promise<SupplyDelivery | undefined> =>
    store.transaction(
      async (tx) => {
        if (once !== undefined && contentOf(await tx.read('SupplyDelivery', once.id)) !== undefined) return undefined;
        const delivery = await make(needItem(await need<Substance>(tx, 'Substance', itemId)), tx);
        if (once !== undefined)
          Object.assign(delivery, { id: once.id, extension: [...delivery.extension!, once.mark] });
        const [saved] = await tx.write([creation(delivery)]);
        return asStored<SupplyDelivery>(saved!);
      },
      { locks: [`Stock/${itemId}`] },
    );
  const lookFirst = async (): Promise<void> => {
    const item = needItem(await need<Substance>(store, 'Substance', itemId));
    if ((await repeated()) === undefined) look(item);
  };
  const won = await crowd.tryFor(`${call.base} Stock/${itemId}`, lookFirst, attempt);
  return won === undefined ? recorded((await repeated())!, true) : recorded(won, false);
}

function needItem(substance: Substance): Substance {
  if (isStockItem(substance)) return substance;
  throw new FhirError('business-rule', `Substance/${substance.id} is not a stock item (profile stock-item)`);
}

function recorded(delivery: SupplyDelivery, isRepeated: boolean): OperationAnswer<{ return: SupplyDelivery }> {
  const { id, meta } = delivery;
  return answerWith({
    status: 201,
    output: { return: delivery },
    location: `SupplyDelivery/${id}/_history/${meta!.versionId}`,
    version: Number(meta!.versionId),
    lastUpdated: Date.parse(meta!.lastUpdated!),
    ...(isRepeated ? { headers: { 'Idempotency-Replayed': 'true' } } : {}),
  });
}
