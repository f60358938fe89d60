// What became of a SearchParameter that was posted: GET [base]/SearchParameter/[id]/$status
import type { SearchParameterStatusOutput } from '../../generated/operation-io.ts';
import type { Activation, ParameterStatus } from '../added-parameters/activation.ts';
import { gone, notFound } from '../model/errors.ts';
import { parseJson } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { defineOperation } from './operation.ts';

const WORDS: Readonly<Record<ParameterStatus['state'], (status: ParameterStatus) => string>> = {
  active: () => 'Searches use it',
  indexing: ({ progress }) =>
    `Stored resources are being indexed${share(progress)}; searches by it are refused meanwhile`,
  retiring: () => 'It was changed or deleted, and the server processes are being told',
  published: () => 'It is built in',
  answered: () => 'Other parameters of the same code and meaning answer',
  inactive: () => 'Only a parameter with the status active is searched by',
  refused: ({ reasons }) => reasons.join('. '),
};

const share = (progress: ParameterStatus['progress']): string =>
  progress && progress.all > 0 ? `, ${Math.floor((100 * progress.done) / progress.all)} %` : '';

export default defineOperation<object, SearchParameterStatusOutput>({
  definition: 'SearchParameter-status',
  needs: ['SearchParameter.r'],
  async run(_, { store, target: { id = '' }, parts }) {
    const version = await store.read('SearchParameter', id);
    if (!version) throw notFound('SearchParameter', id);
    if (!version.bytes) throw gone('SearchParameter', id, version.version);
    const status = await (parts.activation as Activation).statusOf(parseJson(version.bytes) as Resource);
    const { state, progress, types, answered } = status;
    return {
      state,
      message: WORDS[state](status),
      ...(progress && { indexed: progress.done, of: progress.all }),
      on: [...types.map((type) => ({ type })), ...[...answered].map(([type, answeredBy]) => ({ type, answeredBy }))],
    };
  },
});
