// Made by `npm run gen` from profiles/OperationDefinition-*.json; not edited by hand.
// Decoded input and plain output of every operation: primitives as JSON values, arrays where max is not 1.
import type { Address, Appointment, Bundle, CodeSystem, CodeableConcept, Coding, ConceptMap, Encounter, Identifier, Meta, Observation, OperationOutcome, Parameters, Patient, Period, Quantity, Reference, StructureDefinition, SupplyDelivery, Task, ValueSet } from 'fhir/r4.js';
import type { Resource } from '../fhir/model/resource.ts';

/** https://wardgate.dev/fhir/OperationDefinition/Appointment-book */
export type AppointmentBookInput = {
  slot: Reference;
  patient: Reference;
  reason?: string;
  reasonCode?: CodeableConcept;
  appointmentType?: CodeableConcept;
  comment?: string;
  idempotencyKey?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/Appointment-book */
export type AppointmentBookOutput = {
  return: Appointment;
};

/** https://wardgate.dev/fhir/OperationDefinition/Appointment-cancel */
export type AppointmentCancelInput = {
  reason?: string;
  reasonCode?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/Appointment-cancel */
export type AppointmentCancelOutput = {
  return: Appointment;
};

/** http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions */
export type CapabilityStatementVersionsInput = Record<string, never>;

/** http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions */
export type CapabilityStatementVersionsOutput = {
  version: string[];
  default: string;
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-find-matches */
export type CodeSystemFindMatchesInput = {
  system?: string;
  version?: string;
  property?: {
    code: string;
    value?: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string };
    subproperty?: {
      code: string;
      value: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string };
    }[];
  }[];
  exact: boolean;
  compositional?: boolean;
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-find-matches */
export type CodeSystemFindMatchesOutput = {
  match?: {
    code: Coding;
    unmatched?: {
      code: string;
      value: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string };
      property?: {
        code: string;
        value: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string };
      }[];
    }[];
    comment?: string;
  }[];
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup */
export type CodeSystemLookupInput = {
  code?: string;
  system?: string;
  version?: string;
  coding?: Coding;
  date?: string;
  displayLanguage?: string;
  property?: string[];
  useSupplement?: string[];
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup */
export type CodeSystemLookupOutput = {
  name: string;
  version?: string;
  display: string;
  designation?: {
    language?: string;
    use?: Coding;
    value: string;
  }[];
  property?: {
    code: string;
    value?: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string } | { type: 'decimal'; value: number };
    description?: string;
    subproperty?: {
      code: string;
      value: { type: 'code'; value: string } | { type: 'Coding'; value: Coding } | { type: 'string'; value: string } | { type: 'integer'; value: number } | { type: 'boolean'; value: boolean } | { type: 'dateTime'; value: string } | { type: 'decimal'; value: number };
      description?: string;
    }[];
  }[];
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes */
export type CodeSystemSubsumesInput = {
  codeA?: string;
  codeB?: string;
  system?: string;
  version?: string;
  codingA?: Coding;
  codingB?: Coding;
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes */
export type CodeSystemSubsumesOutput = {
  outcome: string;
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code */
export type CodeSystemValidateCodeInput = {
  url?: string;
  codeSystem?: CodeSystem;
  code?: string;
  version?: string;
  display?: string;
  coding?: Coding;
  codeableConcept?: CodeableConcept;
  date?: string;
  abstract?: boolean;
  displayLanguage?: string;
  useSupplement?: string[];
};

/** http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code */
export type CodeSystemValidateCodeOutput = {
  result: boolean;
  message?: string;
  display?: string;
};

/** http://hl7.org/fhir/OperationDefinition/Composition-document */
export type CompositionDocumentInput = {
  id?: string;
  persist?: boolean;
  graph?: string;
};

/** http://hl7.org/fhir/OperationDefinition/Composition-document */
export type CompositionDocumentOutput = {
  return: Bundle;
};

/** http://hl7.org/fhir/OperationDefinition/ConceptMap-closure */
export type ConceptMapClosureInput = {
  name: string;
  concept?: Coding[];
  version?: string;
};

/** http://hl7.org/fhir/OperationDefinition/ConceptMap-closure */
export type ConceptMapClosureOutput = {
  return: ConceptMap;
};

/** http://hl7.org/fhir/OperationDefinition/ConceptMap-translate */
export type ConceptMapTranslateInput = {
  url?: string;
  conceptMap?: ConceptMap;
  conceptMapVersion?: string;
  code?: string;
  system?: string;
  version?: string;
  source?: string;
  coding?: Coding;
  codeableConcept?: CodeableConcept;
  target?: string;
  targetsystem?: string;
  dependency?: {
    element?: string;
    concept?: CodeableConcept;
  }[];
  reverse?: boolean;
};

/** http://hl7.org/fhir/OperationDefinition/ConceptMap-translate */
export type ConceptMapTranslateOutput = {
  result: boolean;
  message?: string;
  match?: {
    equivalence?: string;
    concept?: Coding;
    product?: {
      element?: string;
      concept?: Coding;
    }[];
    source?: string;
  }[];
};

/** http://hl7.org/fhir/OperationDefinition/Encounter-everything */
export type EncounterEverythingInput = {
  _since?: string;
  _type?: string[];
  _count?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Encounter-everything */
export type EncounterEverythingOutput = {
  return: Bundle;
};

/** http://hl7.org/fhir/OperationDefinition/Group-everything */
export type GroupEverythingInput = {
  start?: string;
  end?: string;
  _since?: string;
  _type?: string[];
  _count?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Group-everything */
export type GroupEverythingOutput = {
  return: Bundle;
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-assign-bed */
export type LocationAssignBedInput = {
  encounter?: Reference;
  patient?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-assign-bed */
export type LocationAssignBedOutput = {
  return: Encounter;
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-bed-availability */
export type LocationBedAvailabilityInput = {
  organization?: string;
  type?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-bed-availability */
export type LocationBedAvailabilityOutput = {
  total: number;
  occupied: number;
  free: number;
  unavailable: number;
  byType?: {
    type: string;
    total: number;
    occupied: number;
    free: number;
    unavailable: number;
  }[];
  byWard?: {
    ward: Reference;
    total: number;
    occupied: number;
    free: number;
    unavailable: number;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-release-bed */
export type LocationReleaseBedInput = {
  next?: 'housekeeping' | 'unoccupied' | 'contaminated' | 'closed';
  finishEncounter?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/Location-release-bed */
export type LocationReleaseBedOutput = {
  return: Encounter;
};

/** http://hl7.org/fhir/OperationDefinition/Observation-lastn */
export type ObservationLastnInput = {
  max?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Observation-lastn */
export type ObservationLastnOutput = {
  return: Bundle;
};

/** http://hl7.org/fhir/OperationDefinition/Observation-stats */
export type ObservationStatsInput = {
  subject: string;
  code?: string[];
  system?: string;
  coding?: Coding[];
  duration?: number;
  period?: Period;
  statistic: string[];
  include?: boolean;
  limit?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Observation-stats */
export type ObservationStatsOutput = {
  statistics: Observation[];
  source?: Observation[];
};

/** https://wardgate.dev/fhir/OperationDefinition/Organization-adopt */
export type OrganizationAdoptInput = {
  type?: string[];
};

/** https://wardgate.dev/fhir/OperationDefinition/Organization-adopt */
export type OrganizationAdoptOutput = {
  adopted: number;
  skipped: number;
};

/** http://hl7.org/fhir/OperationDefinition/Patient-everything */
export type PatientEverythingInput = {
  start?: string;
  end?: string;
  _since?: string;
  _type?: string[];
  _count?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Patient-everything */
export type PatientEverythingOutput = {
  return: Bundle;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-launch */
export type PatientLaunchInput = {
  app?: string;
  encounter?: Reference;
  context?: Reference[];
  intent?: string;
  patientBanner?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-launch */
export type PatientLaunchOutput = {
  launch: string;
  iss: string;
  url?: string;
};

/** http://hl7.org/fhir/OperationDefinition/Patient-match */
export type PatientMatchInput = {
  resource: Patient;
  onlyCertainMatches?: boolean;
  count?: number;
};

/** http://hl7.org/fhir/OperationDefinition/Patient-match */
export type PatientMatchOutput = {
  return: Bundle;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-merge */
export type PatientMergeInput = {
  'source-patient'?: Reference;
  'source-patient-identifier'?: Identifier[];
  'target-patient'?: Reference;
  'target-patient-identifier'?: Identifier[];
  'result-patient'?: Patient;
  preview?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-merge */
export type PatientMergeOutput = {
  outcome: OperationOutcome;
  result?: Patient;
  task?: Task;
};

/** http://hl7.org/fhir/uv/ips/OperationDefinition/summary */
export type PatientSummaryInput = {
  identifier?: string;
  profile?: string;
};

/** http://hl7.org/fhir/uv/ips/OperationDefinition/summary */
export type PatientSummaryOutput = {
  return: Bundle;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-unmerge */
export type PatientUnmergeInput = {
  task: Reference;
  skipChanged?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/Patient-unmerge */
export type PatientUnmergeOutput = {
  outcome: OperationOutcome;
  source: Patient;
  target: Patient;
  task: Task;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-convert */
export type ResourceConvertInput = {
  input: Resource;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-convert */
export type ResourceConvertOutput = {
  output: Resource;
};

/** https://wardgate.dev/fhir/OperationDefinition/Resource-diff */
export type ResourceDiffInput = {
  fromVersion?: string;
  from?: string;
  to?: string;
  fromResource?: Resource;
  toResource?: Resource;
  includeMeta?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/Resource-diff */
export type ResourceDiffOutput = {
  return: Parameters;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-graph */
export type ResourceGraphInput = {
  graph: string;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-graph */
export type ResourceGraphOutput = {
  result: Bundle;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-meta-add */
export type ResourceMetaAddInput = {
  meta: Meta;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-meta-add */
export type ResourceMetaAddOutput = {
  return: Meta;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-meta-delete */
export type ResourceMetaDeleteInput = {
  meta: Meta;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-meta-delete */
export type ResourceMetaDeleteOutput = {
  return: Meta;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-meta */
export type ResourceMetaInput = Record<string, never>;

/** http://hl7.org/fhir/OperationDefinition/Resource-meta */
export type ResourceMetaOutput = {
  return: Meta;
};

/** https://wardgate.dev/fhir/OperationDefinition/Resource-reindex */
export type ResourceReindexInput = {
  type?: string[];
};

/** https://wardgate.dev/fhir/OperationDefinition/Resource-reindex */
export type ResourceReindexOutput = {
  indexed: number;
  failed?: string[];
};

/** http://hl7.org/fhir/OperationDefinition/Resource-validate */
export type ResourceValidateInput = {
  resource?: Resource;
  mode?: string;
  profile?: string;
};

/** http://hl7.org/fhir/OperationDefinition/Resource-validate */
export type ResourceValidateOutput = {
  return: OperationOutcome;
};

/** https://wardgate.dev/fhir/OperationDefinition/Schedule-generate-slots */
export type ScheduleGenerateSlotsInput = {
  from: string;
  to: string;
  startTime: string;
  endTime: string;
  minutes: number;
  daysOfWeek?: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[];
  capacity?: number;
};

/** https://wardgate.dev/fhir/OperationDefinition/Schedule-generate-slots */
export type ScheduleGenerateSlotsOutput = {
  created: number;
  existing: number;
  skipped: number;
  slot?: Reference[];
};

/** https://wardgate.dev/fhir/OperationDefinition/SearchParameter-status */
export type SearchParameterStatusInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/SearchParameter-status */
export type SearchParameterStatusOutput = {
  state: string;
  message: string;
  indexed?: number;
  of?: number;
  on?: {
    type: string;
    answeredBy?: string;
  }[];
};

/** http://hl7.org/fhir/OperationDefinition/StructureDefinition-snapshot */
export type StructureDefinitionSnapshotInput = {
  definition?: StructureDefinition;
  url?: string;
};

/** http://hl7.org/fhir/OperationDefinition/StructureDefinition-snapshot */
export type StructureDefinitionSnapshotOutput = {
  return: StructureDefinition;
};

/** https://wardgate.dev/fhir/OperationDefinition/Substance-issue-stock */
export type SubstanceIssueStockInput = {
  quantity: Quantity;
  destination?: Reference;
  patient?: Reference;
  idempotencyKey?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/Substance-issue-stock */
export type SubstanceIssueStockOutput = {
  return: SupplyDelivery;
};

/** https://wardgate.dev/fhir/OperationDefinition/Substance-low-stock */
export type SubstanceLowStockInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/Substance-low-stock */
export type SubstanceLowStockOutput = {
  count: number;
  low?: {
    item: Reference;
    sku?: string;
    usable: Quantity;
    expired?: Quantity;
    reorderLevel: Quantity;
    shortage: Quantity;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/Substance-receive-stock */
export type SubstanceReceiveStockInput = {
  quantity: Quantity;
  lot: string;
  expiry?: string;
  supplier?: Reference;
  destination?: Reference;
  idempotencyKey?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/Substance-receive-stock */
export type SubstanceReceiveStockOutput = {
  return: SupplyDelivery;
};

/** http://hl7.org/fhir/OperationDefinition/ValueSet-expand */
export type ValueSetExpandInput = {
  url?: string;
  valueSet?: ValueSet;
  valueSetVersion?: string;
  context?: string;
  contextDirection?: string;
  filter?: string;
  date?: string;
  offset?: number;
  count?: number;
  includeDesignations?: boolean;
  designation?: string[];
  includeDefinition?: boolean;
  activeOnly?: boolean;
  excludeNested?: boolean;
  excludeNotForUI?: boolean;
  excludePostCoordinated?: boolean;
  displayLanguage?: string;
  'exclude-system'?: string[];
  'system-version'?: string[];
  'check-system-version'?: string[];
  'force-system-version'?: string[];
  useSupplement?: string[];
};

/** http://hl7.org/fhir/OperationDefinition/ValueSet-expand */
export type ValueSetExpandOutput = {
  return: ValueSet;
};

/** http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code */
export type ValueSetValidateCodeInput = {
  url?: string;
  context?: string;
  valueSet?: ValueSet;
  valueSetVersion?: string;
  code?: string;
  system?: string;
  systemVersion?: string;
  display?: string;
  coding?: Coding;
  codeableConcept?: CodeableConcept;
  date?: string;
  abstract?: boolean;
  displayLanguage?: string;
  useSupplement?: string[];
};

/** http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code */
export type ValueSetValidateCodeOutput = {
  result: boolean;
  message?: string;
  display?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/accept-invitation */
export type AcceptInvitationInput = {
  token: string;
  password: string;
  firstName?: string;
  lastName?: string;
  phone?: string;
  email?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/accept-invitation */
export type AcceptInvitationOutput = {
  challenge?: string;
  expiresIn?: number;
  message: string;
  account?: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/access-policies */
export type AccessPoliciesInput = {
  role?: string;
  history?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/access-policies */
export type AccessPoliciesOutput = {
  entry?: {
    role: string;
    version: number;
    title: string;
    description: string;
    changedAt?: string;
    changedBy?: string;
    policy: string;
    gained?: string[];
    lost?: string[];
    contested?: string[];
    merged?: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/act-for */
export type ActForInput = {
  patient?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/act-for */
export type ActForOutput = {
  accessToken: string;
  tokenType: string;
  expiresIn: number;
};

/** https://wardgate.dev/fhir/OperationDefinition/add-carer */
export type AddCarerInput = {
  email: string;
  relationship?: string;
  patient?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/add-carer */
export type AddCarerOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/approve */
export type ApproveInput = {
  account: string;
  role?: string;
  organization?: Reference;
  department?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/approve */
export type ApproveOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/carers */
export type CarersInput = {
  patient?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/carers */
export type CarersOutput = {
  carer?: {
    id: string;
    firstName: string;
    lastName: string;
    email: string;
    since: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/change-access-policy */
export type ChangeAccessPolicyInput = {
  policy: string;
  ifVersion?: number;
  releaseSeen?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-access-policy */
export type ChangeAccessPolicyOutput = {
  role: string;
  version: number;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-client */
export type ChangeClientInput = {
  id: string;
  name?: string;
  redirectUri?: string[];
  launchUri?: string;
  signOutUri?: string[];
  scope?: string;
  jwks?: string;
  jwksUri?: string;
  without?: string[];
  newSecret?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-client */
export type ChangeClientOutput = {
  client: {
    id: string;
    name: string;
    backend: boolean;
    native: boolean;
    authentication: string;
    redirectUri?: string[];
    launchUri?: string;
    signOutUri?: string[];
    scope?: string;
    jwks?: string;
    jwksUri?: string;
    role?: string[];
    organization?: string[];
    limits?: string;
    resourceServer: boolean;
    registered: string;
    disabled: boolean;
    createdAt: string;
  };
  secret?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-email */
export type ChangeEmailInput = {
  newEmail: string;
  password: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-email */
export type ChangeEmailOutput = {
  challenge: string;
  expiresIn: number;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-password */
export type ChangePasswordInput = {
  currentPassword: string;
  newPassword: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/change-password */
export type ChangePasswordOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/clients */
export type ClientsInput = {
  id?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/clients */
export type ClientsOutput = {
  client?: {
    id: string;
    name: string;
    backend: boolean;
    native: boolean;
    authentication: string;
    redirectUri?: string[];
    launchUri?: string;
    signOutUri?: string[];
    scope?: string;
    jwks?: string;
    jwksUri?: string;
    role?: string[];
    organization?: string[];
    limits?: string;
    resourceServer: boolean;
    registered: string;
    disabled: boolean;
    createdAt: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/confirm-email */
export type ConfirmEmailInput = {
  code: string;
  challenge?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/confirm-email */
export type ConfirmEmailOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/deactivate */
export type DeactivateInput = {
  account: string;
  reason?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/deactivate */
export type DeactivateOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/disable-client */
export type DisableClientInput = {
  id: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/disable-client */
export type DisableClientOutput = {
  client: {
    id: string;
    name: string;
    backend: boolean;
    native: boolean;
    authentication: string;
    redirectUri?: string[];
    launchUri?: string;
    signOutUri?: string[];
    scope?: string;
    jwks?: string;
    jwksUri?: string;
    role?: string[];
    organization?: string[];
    limits?: string;
    resourceServer: boolean;
    registered: string;
    disabled: boolean;
    createdAt: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/enable-client */
export type EnableClientInput = {
  id: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/enable-client */
export type EnableClientOutput = {
  client: {
    id: string;
    name: string;
    backend: boolean;
    native: boolean;
    authentication: string;
    redirectUri?: string[];
    launchUri?: string;
    signOutUri?: string[];
    scope?: string;
    jwks?: string;
    jwksUri?: string;
    role?: string[];
    organization?: string[];
    limits?: string;
    resourceServer: boolean;
    registered: string;
    disabled: boolean;
    createdAt: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/end-session */
export type EndSessionInput = {
  id?: string;
  others?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/end-session */
export type EndSessionOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/forgot-password */
export type ForgotPasswordInput = {
  email: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/forgot-password */
export type ForgotPasswordOutput = {
  challenge: string;
  expiresIn: number;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/identity-links */
export type IdentityLinksInput = {
  account?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/identity-links */
export type IdentityLinksOutput = {
  link?: {
    id: string;
    provider: string;
    email?: string;
    since: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/invitations */
export type InvitationsInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/invitations */
export type InvitationsOutput = {
  invitation?: {
    id: string;
    email?: string;
    role: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
    organization?: Reference;
    department?: string;
    createdAt: string;
    expiresAt: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/invite */
export type InviteInput = {
  email: string;
  role: string;
  organization?: Reference;
  department?: string;
  firstName?: string;
  lastName?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/invite */
export type InviteOutput = {
  id: string;
  expiresAt: string;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/launchable-apps */
export type LaunchableAppsInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/launchable-apps */
export type LaunchableAppsOutput = {
  app?: {
    id: string;
    name: string;
    launchUri: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/login */
export type LoginInput = {
  email: string;
  password: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/login */
export type LoginOutput = {
  challenge: string;
  expiresIn: number;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/logout */
export type LogoutInput = {
  refreshToken?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/logout */
export type LogoutOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/profile */
export type ProfileInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/profile */
export type ProfileOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
  resource?: Resource;
};

/** https://wardgate.dev/fhir/OperationDefinition/reactivate */
export type ReactivateInput = {
  account: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/reactivate */
export type ReactivateOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/recover-account */
export type RecoverAccountInput = {
  account: string;
  newEmail: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/recover-account */
export type RecoverAccountOutput = {
  message: string;
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/refresh-token */
export type RefreshTokenInput = {
  refreshToken: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/refresh-token */
export type RefreshTokenOutput = {
  accessToken: string;
  tokenType: string;
  expiresIn: number;
  refreshToken: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/register-client */
export type RegisterClientInput = {
  name: string;
  id?: string;
  backend?: boolean;
  native?: boolean;
  authentication?: string;
  redirectUri?: string[];
  launchUri?: string;
  signOutUri?: string[];
  scope?: string;
  jwks?: string;
  jwksUri?: string;
  role?: string[];
  organization?: string[];
  limits?: string;
  resourceServer?: boolean;
};

/** https://wardgate.dev/fhir/OperationDefinition/register-client */
export type RegisterClientOutput = {
  client: {
    id: string;
    name: string;
    backend: boolean;
    native: boolean;
    authentication: string;
    redirectUri?: string[];
    launchUri?: string;
    signOutUri?: string[];
    scope?: string;
    jwks?: string;
    jwksUri?: string;
    role?: string[];
    organization?: string[];
    limits?: string;
    resourceServer: boolean;
    registered: string;
    disabled: boolean;
    createdAt: string;
  };
  secret?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/register */
export type RegisterInput = {
  firstName: string;
  lastName: string;
  email: string;
  password: string;
  phone?: string;
  role?: string;
  organization?: Reference;
  department?: string;
  gender?: 'male' | 'female' | 'other' | 'unknown';
  birthDate?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/register */
export type RegisterOutput = {
  challenge: string;
  expiresIn: number;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-carer */
export type RemoveCarerInput = {
  id: string;
  patient?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-carer */
export type RemoveCarerOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-client */
export type RemoveClientInput = {
  id: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-client */
export type RemoveClientOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-identity-link */
export type RemoveIdentityLinkInput = {
  id: string;
  account?: string;
  password?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/remove-identity-link */
export type RemoveIdentityLinkOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/resend-otp */
export type ResendOtpInput = {
  challenge?: string;
  email?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/resend-otp */
export type ResendOtpOutput = {
  expiresIn: number;
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/reset-password */
export type ResetPasswordInput = {
  code: string;
  challenge?: string;
  newPassword: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/reset-password */
export type ResetPasswordOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/revoke-invitation */
export type RevokeInvitationInput = {
  id: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/revoke-invitation */
export type RevokeInvitationOutput = {
  message: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/sessions */
export type SessionsInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/sessions */
export type SessionsOutput = {
  session?: {
    id: string;
    isCurrent: boolean;
    client: string;
    scope?: string;
    address?: string;
    userAgent?: string;
    startedAt: string;
    lastUsedAt: string;
    expiresAt: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/set-limits */
export type SetLimitsInput = {
  account: string;
  limits: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/set-limits */
export type SetLimitsOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/symptom-analysis */
export type SymptomAnalysisInput = {
  symptoms: string;
  duration?: string;
  age?: number;
  sex?: 'male' | 'female' | 'other' | 'unknown';
  patient?: Reference;
  encounter?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/symptom-analysis */
export type SymptomAnalysisOutput = {
  urgency: 'emergency' | 'urgent' | 'soon' | 'routine' | 'self-care';
  source: 'rule' | 'model';
  summary: string;
  redFlag?: {
    code: string;
    label: string;
    advice: string;
  }[];
  condition?: {
    name: string;
    likelihood: 'low' | 'moderate' | 'high';
    rationale: string;
  }[];
  recommendation?: string[];
  question?: string[];
  confidence: number;
  needsReview: boolean;
  disclaimer: string;
  assessment: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/update-profile */
export type UpdateProfileInput = {
  firstName?: string;
  lastName?: string;
  phone?: string;
  gender?: 'male' | 'female' | 'other' | 'unknown';
  birthDate?: string;
  address?: Address;
};

/** https://wardgate.dev/fhir/OperationDefinition/update-profile */
export type UpdateProfileOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
  resource?: Resource;
};

/** https://wardgate.dev/fhir/OperationDefinition/users */
export type UsersInput = {
  role?: string;
  status?: string;
  text?: string;
  organization?: string;
  account?: string;
  count?: number;
  after?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/users */
export type UsersOutput = {
  total: number;
  next?: string;
  account?: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/validate-token */
export type ValidateTokenInput = {
  token?: string;
};

/** https://wardgate.dev/fhir/OperationDefinition/validate-token */
export type ValidateTokenOutput = {
  active: boolean;
  expiresAt?: string;
  client?: string;
  scope?: string;
  account?: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/verify-audit */
export type VerifyAuditInput = Record<string, never>;

/** https://wardgate.dev/fhir/OperationDefinition/verify-audit */
export type VerifyAuditOutput = {
  whole: boolean;
  records: number;
  chain?: {
    id: string;
    first: number;
    last: number;
    since?: string;
    until?: string;
  }[];
  defect?: {
    chain: string;
    from: number;
    to?: number;
    what: string;
  }[];
};

/** https://wardgate.dev/fhir/OperationDefinition/verify-otp */
export type VerifyOtpInput = {
  code: string;
  challenge?: string;
  idleMinutes?: number;
};

/** https://wardgate.dev/fhir/OperationDefinition/verify-otp */
export type VerifyOtpOutput = {
  accessToken: string;
  tokenType: string;
  expiresIn: number;
  refreshToken: string;
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/withdraw-role */
export type WithdrawRoleInput = {
  account: string;
  role: string;
  organization?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/withdraw-role */
export type WithdrawRoleOutput = {
  account: {
    id: string;
    email: string;
    firstName: string;
    lastName: string;
    phone?: string;
    status: string;
    role?: {
      code: 'admin' | 'hospital-admin' | 'doctor' | 'nurse' | 'receptionist' | 'pharmacist' | 'lab-technician' | 'ambulance-driver' | 'patient' | 'donor';
      status: string;
      organization?: Reference;
      department?: string;
    }[];
    fhirUser?: Reference;
    actsFor?: Reference[];
    createdAt: string;
    lastSignInAt?: string;
    limits?: string;
  };
};

/** https://wardgate.dev/fhir/OperationDefinition/work-at */
export type WorkAtInput = {
  organization?: Reference;
};

/** https://wardgate.dev/fhir/OperationDefinition/work-at */
export type WorkAtOutput = {
  accessToken: string;
  tokenType: string;
  expiresIn: number;
};
