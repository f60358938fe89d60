import assert from 'node:assert/strict';
import { parseJson } from '../../src/fhir/model/json.ts';
import { countByStatus, type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';

const DEFINITIONS = 'https://wardgate.dev/fhir/StructureDefinition';
const SKU = 'https://wardgate.dev/fhir/sid/sku';

describe('inventory', () => {
  let hospital: Hospital;
  let count = 0;
  before(async () => {
    hospital = await openHospital('inventory');
  });
  after(() => hospital.close());

  const stockItem = (id: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Substance',
    id,
    meta: { profile: [`${DEFINITIONS}/stock-item`] },
    identifier: [{ system: SKU, value: `SKU-${id}` }],
    extension: [{ url: `${DEFINITIONS}/stock-reorder-level`, valueQuantity: { value: 10, unit: 'box' } }],
    code: { text: `Item ${id}` },
    ...more,
  });
  async function anItem(): Promise<string> {
    const id = `item${++count}`;
    await hospital.have(stockItem(id));
    return id;
  }
  const receive = (item: string, value: number | string, lot: string, more: Record<string, unknown> = {}) =>
    hospital.post(`/Substance/${item}/$receive-stock`, `{"quantity":{"value":${value}},"lot":"${lot}"${rest(more)}}`);
  const issue = (item: string, value: number | string, more: Record<string, unknown> = {}) =>
    hospital.post(`/Substance/${item}/$issue-stock`, `{"quantity":{"value":${value}}${rest(more)}}`);
  const rest = (more: Record<string, unknown>): string =>
    Object.keys(more).length === 0 ? '' : `,${JSON.stringify(more).slice(1, -1)}`;
  /** lot → text of its quantity */
  async function lotsOf(item: string): Promise<Record<string, string>> {
    const { text } = await hospital.get(`/Substance/${item}`);
    const amounts = [...text.matchAll(/"identifier":\{"value":"([^"]+)"\}[^}]*?"quantity":\{"value":([^,}]+)/g)];
    return Object.fromEntries(amounts.map(([, lot, amount]) => [lot, amount]));
  }
  const linesOf = (delivery: {
    extension: { url: string; extension: { url: string; extension: Record<string, unknown>[] }[] }[];
  }) =>
    delivery.extension
      .find(({ url }) => url === `${DEFINITIONS}/stock-movement`)!
      .extension.filter(({ url }) => url === 'line')
      .map(({ extension }) => [
        extension[0]!.valueString,
        (extension.at(-1)!.valueQuantity as { value: number }).value,
      ]);
  const ledgerCount = async (item: string): Promise<number> =>
    (await hospital.get(`/SupplyDelivery?item=Substance/${item}&_summary=count`)).body.total;

  it('receives lots into the item and into the ledger', async () => {
    const item = await anItem();
    const reply = await receive(item, 5, 'L1', { expiry: '2027-03-31' });
    assert.equal(reply.body.resourceType, 'SupplyDelivery', reply.text);
    assert.equal(reply.status, 201);
    await receive(item, '2.50', 'L1', { expiry: '2027-03-31' });
    assert.deepEqual(await lotsOf(item), { L1: '7.50' });
    assert.equal(await ledgerCount(item), 2);
  });

  it('issues the lot that expires first, several where one is not enough, and never an expired one', async () => {
    const item = await anItem();
    await receive(item, 5, 'late', { expiry: '2027-12-31' });
    await receive(item, 5, 'soon', { expiry: '2026-12-31' });
    await receive(item, 9, 'today', { expiry: '2026-11-23' });
    hospital.clock.now = Date.parse('2026-11-24T08:00:00Z');
    const reply = await issue(item, 7, { patient: { reference: 'Patient/p1' } });
    const tooMuch = await issue(item, 4);
    hospital.clock.now = Date.parse('2026-11-23T08:00:00Z');
    assert.deepEqual(
      linesOf(reply.body),
      [
        ['soon', 5],
        ['late', 2],
      ],
      reply.text,
    );
    assert.equal(sentenceOf(tooMuch), `Only 3 box of Item ${item} can be used; 4 were asked for. Nothing was issued.`);
    assert.equal(tooMuch.status, 409);
    assert.deepEqual(await lotsOf(item), { late: '3', today: '9' });
  });

  it('is exact with decimals, down to nothing', async () => {
    const item = await anItem();
    await receive(item, '0.1', 'a');
    await receive(item, '0.2', 'a');
    assert.deepEqual(await lotsOf(item), { a: '0.3' });
    assert.equal((await issue(item, '0.3')).status, 201);
    assert.deepEqual(await lotsOf(item), {});
    assert.equal((await issue(item, '0.1')).status, 409);
  });

  it('never goes below zero, and ledger and balance agree, whatever the concurrency', async () => {
    const item = await anItem();
    await receive(item, 20, 'x', { expiry: '2027-01-31' });
    await receive(item, 10, 'y', { expiry: '2027-02-28' });
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => issue(item, index % 2 === 0 ? 1 : 0.5)),
    );
    const issued = replies
      .filter(({ status }) => status === 201)
      .flatMap(({ body }) => linesOf(body) as [string, number][]);
    const left = Object.values(await lotsOf(item)).reduce((sum, amount) => sum + Number(amount), 0);
    assert.equal(issued.reduce((sum, [, amount]) => sum + amount, 0) + left, 30);
    assert.deepEqual(Object.keys(countByStatus(replies)).sort(), ['201', '409']);
    assert.equal(await ledgerCount(item), 2 + countByStatus(replies)[201]!);
  });

  it('does a call once however often it is sent with the same key', async () => {
    const item = await anItem();
    const once = { idempotencyKey: `receive-${item}` };
    const replies = await Promise.all([1, 2, 3].map(() => receive(item, 5, 'L1', once)));
    assert.deepEqual(countByStatus(replies), { 201: 3 });
    assert.deepEqual(await lotsOf(item), { L1: '5' });
    assert.equal((await receive(item, 6, 'L1', once)).status, 422);
  });

  describe('the ledger', () => {
    it('cannot be changed or deleted', async () => {
      const item = await anItem();
      const { body } = await receive(item, 5, 'L1');
      const forged = parseJson(JSON.stringify(body).replaceAll('"value":5', '"value":50'));
      for (const reply of [
        await hospital.put(`/SupplyDelivery/${body.id}`, forged),
        await hospital.put(`/SupplyDelivery/${body.id}`, { ...body, status: 'entered-in-error' }),
        await hospital.delete(`/SupplyDelivery/${body.id}`),
      ]) {
        assert.match(sentenceOf(reply), /Record the opposite movement/);
        assert.equal(reply.status, 409);
      }
      const noted = await hospital.put(`/SupplyDelivery/${body.id}`, { ...body, destination: { display: 'Shelf 3' } });
      assert.equal(noted.status, 200, noted.text);
    });

    it('obeys the same rules when a movement is posted plainly', async () => {
      const item = await anItem();
      const { body } = await receive(item, 5, 'L1');
      const { id: _, meta: _meta, ...plain } = body;
      const movement = (direction: string, amount: number) =>
        hospital.post(
          '/SupplyDelivery',
          JSON.stringify(plain).replaceAll('"value":5', `"value":${amount}`).replace('"receive"', `"${direction}"`),
        );
      assert.equal((await movement('issue', 6)).status, 409);
      assert.equal((await movement('discard', 2)).status, 201);
      assert.deepEqual(await lotsOf(item), { L1: '3' });
      assert.equal((await movement('borrow', 1)).status, 422);
    });
  });

  describe('a stock item', () => {
    it('has its lots changed by movements only', async () => {
      const item = await anItem();
      await receive(item, 5, 'L1');
      const { body } = await hospital.get(`/Substance/${item}`);
      const instance = [{ ...body.instance[0], quantity: { value: 500, unit: 'box' } }];
      const reply = await hospital.put(`/Substance/${item}`, { ...body, instance });
      assert.match(sentenceOf(reply), /use \$receive-stock and \$issue-stock/);
      assert.equal(reply.status, 409);
      assert.equal((await hospital.put(`/Substance/${item}`, { ...body, description: 'Blue' })).status, 200);
      assert.equal((await hospital.post('/Substance', { ...stockItem('new'), instance })).status, 409);
    });

    it('with stock cannot be deleted, and can once it is empty', async () => {
      const item = await anItem();
      await receive(item, 5, 'L1');
      const refused = await hospital.delete(`/Substance/${item}`);
      assert.match(sentenceOf(refused), /is still in stock/);
      assert.equal(refused.status, 409);
      await issue(item, 5);
      assert.ok((await hospital.delete(`/Substance/${item}`)).status < 300);
    });

    it('needs a reorder level', async () => {
      const reply = await hospital.put('/Substance/bare', { ...stockItem('bare'), extension: undefined });
      assert.match(sentenceOf(reply), /reorder level/);
      assert.equal(reply.status, 422);
    });

    it('is found by its stock-keeping unit and by being low', async () => {
      const item = await anItem();
      const bySku = await hospital.get(`/Substance?sku=SKU-${item}`);
      assert.equal(bySku.body.entry[0].resource.id, item);
      const isLow = async (): Promise<boolean> =>
        ((await hospital.get(`/Substance?below-reorder=true&_id=${item}`)).body.entry ?? []).length === 1;
      assert.equal(await isLow(), true);
      await receive(item, 11, 'L1');
      assert.equal(await isLow(), false);
      await issue(item, 1);
      assert.equal(await isLow(), true);
    });

    it('that is not of our profile is left alone', async () => {
      const plain = {
        resourceType: 'Substance',
        id: 'plain',
        code: { text: 'Ethanol' },
        instance: [{ quantity: { value: 3 } }],
      };
      await hospital.have(plain);
      assert.equal((await receive('plain', 1, 'L1')).status, 422);
      assert.ok((await hospital.delete('/Substance/plain')).status < 300);
    });
  });

  describe('$low-stock', () => {
    it('lists what is at or below its reorder level, without what has expired since', async () => {
      const item = await anItem();
      await receive(item, 20, 'short', { expiry: '2026-11-23' });
      const lowOf = async (): Promise<Record<string, unknown> | undefined> => {
        const { low = [] } = parametersOf(await hospital.get('/Substance/$low-stock')) as { low?: { sku?: string }[] };
        return [low].flat().find(({ sku }) => sku === `SKU-${item}`);
      };
      assert.equal(await lowOf(), undefined);
      hospital.clock.now = Date.parse('2026-11-24T08:00:00Z');
      const found = await lowOf();
      hospital.clock.now = Date.parse('2026-11-23T08:00:00Z');
      assert.deepEqual(found, {
        item: { reference: `Substance/${item}`, display: `Item ${item}` },
        sku: `SKU-${item}`,
        usable: { value: 0, unit: 'box' },
        expired: { value: 20, unit: 'box' },
        reorderLevel: { value: 10, unit: 'box' },
        shortage: { value: 10, unit: 'box' },
      });
    });
  });

  const refusals: [
    title: string,
    call: (item: string) => ReturnType<typeof receive>,
    status: number,
    sentence: RegExp,
  ][] = [
    ['nothing', (item) => issue(item, 0), 422, /more than nothing/],
    ['a negative quantity', (item) => receive(item, -1, 'L1'), 422, /more than nothing/],
    [
      'another unit',
      (item) => hospital.post(`/Substance/${item}/$issue-stock`, { quantity: { value: 1, unit: 'ml' } }),
      422,
      /counted in 'box', not in 'ml'/,
    ],
    [
      'a lot that has expired',
      (item) => receive(item, 1, 'L1', { expiry: '2026-01-01' }),
      422,
      /expired on 2026-01-01/,
    ],
    ['an unknown item', () => receive('no-item', 1, 'L1'), 404, /does not exist/],
    ['no lot', (item) => hospital.post(`/Substance/${item}/$receive-stock`, { quantity: { value: 1 } }), 400, /lot/],
  ];
  for (const [title, call, status, sentence] of refusals) {
    it(`refuses ${title}`, async () => {
      const reply = await call(await anItem());
      assert.match(sentenceOf(reply), sentence);
      assert.equal(reply.status, status);
    });
  }
});
