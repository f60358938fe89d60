// [type]/[id]/$meta-delete. https://hl7.org/fhir/R4/resource-operation-meta-delete.html
import type { ResourceMetaDeleteInput, ResourceMetaDeleteOutput } from '../../../generated/operation-io.ts';
import { defineOperation } from '../operation.ts';
import { changeMeta, deletedFrom } from './meta.ts';

export default defineOperation<ResourceMetaDeleteInput, ResourceMetaDeleteOutput>({
  definition: 'Resource-meta-delete',
  needs: ['*.ru'],
  onVersions: true,
  run: ({ meta }, context) => changeMeta(context, (known) => deletedFrom(known, meta)),
});
