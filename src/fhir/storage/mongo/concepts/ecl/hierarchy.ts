// `<`, `>` and their like: by the indexes of ancestors and parents for one concept or several, over a list of codes for any other set.
// https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language/behaviour-specification-with-examples/6.1-simple-expression-constraints
import type { Ecl, Hierarchy } from '../../../../model/ecl.ts';
import { allOf, anyOf, type EclContext, EVERYTHING, NOTHING, noneOf, oneOf, type Where } from './context.ts';

export async function related(op: Hierarchy, of: Ecl, context: EclContext): Promise<Where> {
  switch (of.is) {
    case 'concept':
      return relatedToOne(op, of.id, context);
    case 'any':
      return relatedToAny(op, context);
    case 'or':
      // of a union it is the union, but what is on top of a part need not be on top of the whole
      if (op !== '!!>' && op !== '!!<')
        return anyOf(await Promise.all(of.of.map((part) => related(op, part, context))));
  }
  return relatedToMany(op, await context.whereOf(of), context);
}

async function relatedToOne(op: Hierarchy, id: string, context: EclContext): Promise<Where> {
  switch (op) {
    case '<<':
      return { a: id };
    case '<':
      return context.below(id);
    case '<!':
      return { up: id };
    case '<<!':
      return { $or: [{ up: id }, { _id: id }] };
    case '!!>':
    case '!!<':
      return { _id: id };
    default:
      return above(op, { _id: id }, context);
  }
}

async function relatedToAny(op: Hierarchy, context: EclContext): Promise<Where> {
  switch (op) {
    case '<':
    case '<!':
      return { up: { $exists: true } };
    case '>':
    case '>!':
      return oneOf(await parents(context));
    case '!!>':
      return { up: { $exists: false } };
    case '!!<':
      return noneOf([oneOf(await parents(context))]);
    default:
      return EVERYTHING;
  }
}

const parents = async (context: EclContext): Promise<string[]> => {
  const found = await context.aggregate<{ _id: string }>({ up: { $exists: true } }, [
    { $unwind: '$up' },
    { $group: { _id: '$up' } },
  ]);
  return found.map(({ _id }) => _id);
};

async function relatedToMany(op: Hierarchy, where: Where, context: EclContext): Promise<Where> {
  switch (op) {
    case '<<':
      return { a: { $in: await context.codesOf(where) } };
    case '<': {
      const codes = await context.codesOf(where);
      return { a: { $in: codes }, _id: { $nin: await onTop(where, codes, context) } };
    }
    case '<!':
      return { up: { $in: await context.codesOf(where) } };
    case '<<!':
      return anyOf([where, { up: { $in: await context.codesOf(where) } }]);
    case '!!>':
      return oneOf(await onTop(where, await context.codesOf(where), context));
    case '!!<':
      return allOf([where, noneOf([await above('>', where, context)])]);
    default:
      return above(op, where, context);
  }
}

/** Those above which there is no other of them. */
async function onTop(where: Where, codes: readonly string[], context: EclContext): Promise<string[]> {
  const all = new Set(codes);
  const found: string[] = [];
  await context.each(where, ['a'], ({ _id, a }) => {
    if (!a.some((code) => code !== _id && all.has(code))) found.push(_id);
  });
  return found;
}

async function above(op: Hierarchy, where: Where, context: EclContext): Promise<Where> {
  const isDirect = op === '>!' || op === '>>!';
  const found = new Set<string>();
  await context.each(where, isDirect ? ['up'] : ['a'], ({ _id, a, up }) => {
    for (const code of (isDirect ? up : a) ?? []) if (code !== _id) found.add(code);
    if (op === '>>' || op === '>>!') found.add(_id);
  });
  return found.size === 0 ? NOTHING : oneOf([...found]);
}
