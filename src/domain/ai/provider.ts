// What a ward needs of a language model, whoever makes it. main.ts builds one and hands it over as `parts.ai`.
import { FhirError } from '../../fhir/model/errors.ts';

export interface Prompt {
  /** what the model is and must obey */
  system: string;
  /** what it is asked; free of anything that identifies a person */
  text: string;
  /** JSON Schema of the answer */
  schema: object;
  temperature: number;
}

export interface AiProvider {
  /** as it is named in Provenance */
  readonly model: string;
  /**
   * The model's answer, as text that should be JSON. Throws FhirError: `timeout`, `transient` (throttled or broken, after retries),
   * `not-configured` (the key is refused), `business-rule` (the model declined).
   */
  answer(prompt: Prompt, signal: AbortSignal): Promise<string>;
}

export function needProvider({ ai }: { ai?: unknown }): AiProvider {
  if (ai !== undefined) return ai as AiProvider;
  throw new FhirError(
    'not-configured',
    'The language model is not configured. Set GEMINI_API_KEY and start the server again. Red-flag symptoms are recognised without it.',
  );
}
