// The answer to a write, the same for every kind of write.
import type { Issue } from '../model/errors.ts';
import type { Written } from '../storage/store.ts';
import type { Answer } from './call.ts';

export function answerWritten(
  written: Written,
  findings: readonly Issue[] = [],
  status = written.created ? 201 : 200,
): Answer {
  const { type, id, version, lastUpdated, bytes, findings: warnings } = written;
  return {
    status,
    ...(bytes === null ? {} : { body: bytes }),
    version,
    lastUpdated,
    location: `${type}/${id}/_history/${version}`,
    // it becomes searchable in the background (added-parameters/activation.ts)
    ...(type === 'SearchParameter' && bytes !== null ? { progress: `${type}/${id}/$status` } : {}),
    ...(findings.length === 0 ? {} : { findings }),
    ...(warnings === undefined ? {} : { warnings }),
  };
}
