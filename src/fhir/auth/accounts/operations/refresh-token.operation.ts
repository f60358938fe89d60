// New tokens for a refresh token, which is of use once (row A6).
import type { RefreshTokenInput, RefreshTokenOutput } from '../../../../generated/operation-io.ts';
import { defineOperation } from '../../../operations/operation.ts';
import { accountsOf, secretly, tokensOf } from './answers.ts';

export default defineOperation<RefreshTokenInput, RefreshTokenOutput>({
  definition: 'refresh-token',
  needs: [],
  async run({ refreshToken }, context) {
    return secretly(tokensOf(await accountsOf(context).tokens.refresh(refreshToken)));
  },
});
