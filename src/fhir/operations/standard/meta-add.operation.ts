// [type]/[id]/$meta-add. https://hl7.org/fhir/R4/resource-operation-meta-add.html
import type { ResourceMetaAddInput, ResourceMetaAddOutput } from '../../../generated/operation-io.ts';
import { defineOperation } from '../operation.ts';
import { addedTo, changeMeta } from './meta.ts';

export default defineOperation<ResourceMetaAddInput, ResourceMetaAddOutput>({
  definition: 'Resource-meta-add',
  needs: ['*.ru'],
  onVersions: true,
  run: ({ meta }, context) => changeMeta(context, (known) => addedTo(known, meta)),
});
