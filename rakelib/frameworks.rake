# frozen_string_literal: true

require "fileutils"

# Stubs of Apple's frameworks, which zig has none of, for the linker: the symbols that the crates security-framework
# and core-foundation take.
module Frameworks
  ALL = {
    "CoreFoundation" => %w[
      CFArrayCreate CFArrayGetCount CFArrayGetTypeID CFArrayGetValueAtIndex CFAttributedStringCreateMutable
      CFBundleCopyBundleURL CFBundleCopyExecutableURL CFBundleCopyPrivateFrameworksURL
      CFBundleCopyResourcesDirectoryURL CFBundleCopySharedSupportURL CFBundleCreate
      CFBundleGetBundleWithIdentifier CFBundleGetFunctionPointerForName CFBundleGetInfoDictionary
      CFBundleGetMainBundle CFCopyDescription CFDataCreate CFDataGetBytePtr CFDataGetLength CFDataGetTypeID
      CFDateGetAbsoluteTime CFDateGetTypeID CFDictionaryAddValue CFDictionaryCreate CFDictionaryCreateMutable
      CFDictionaryGetCount CFDictionaryGetKeysAndValues CFDictionaryGetTypeID CFDictionaryGetValueIfPresent
      CFDictionarySetValue CFEqual CFErrorCopyDescription CFErrorGetCode CFErrorGetDomain CFFileDescriptorCreate
      CFFileDescriptorCreateRunLoopSource CFFileDescriptorDisableCallBacks CFFileDescriptorEnableCallBacks
      CFFileDescriptorGetContext CFFileDescriptorGetNativeDescriptor CFFileDescriptorInvalidate
      CFFileDescriptorIsValid CFGetTypeID CFMachPortCreateRunLoopSource CFNumberCreate CFNumberGetTypeID
      CFNumberGetValue CFPropertyListCreateData CFPropertyListCreateWithData CFRelease CFRetain
      CFRunLoopAddObserver CFRunLoopAddSource CFRunLoopAddTimer CFRunLoopContainsObserver
      CFRunLoopContainsSource CFRunLoopContainsTimer CFRunLoopCopyCurrentMode CFRunLoopGetCurrent
      CFRunLoopGetMain CFRunLoopRemoveObserver CFRunLoopRemoveSource CFRunLoopRemoveTimer CFRunLoopRun
      CFRunLoopRunInMode CFRunLoopStop CFRunLoopTimerCreate CFShow CFStringCreateWithBytes
      CFStringCreateWithBytesNoCopy CFStringGetBytes CFStringGetCStringPtr CFStringGetLength CFStringGetTypeID
      CFTimeZoneCopyDefault CFTimeZoneGetName CFTimeZoneGetSecondsFromGMT CFURLCopyAbsoluteURL
      CFURLCopyFileSystemPath CFURLCreateWithFileSystemPath CFURLGetFileSystemRepresentation CFURLGetString
      CFUUIDCreate kCFAllocatorDefault kCFAllocatorNull kCFBooleanFalse kCFBooleanTrue kCFTypeArrayCallBacks
      kCFTypeDictionaryKeyCallBacks kCFTypeDictionaryValueCallBacks
    ],
    "Security" => %w[
      AuthorizationCopyInfo AuthorizationCopyRights AuthorizationCreate AuthorizationCreateFromExternalForm
      AuthorizationExecuteWithPrivileges AuthorizationFree AuthorizationFreeItemSet AuthorizationMakeExternalForm
      AuthorizationRightGet AuthorizationRightRemove AuthorizationRightSet
      CMSDecoderCopyAllCerts CMSDecoderCopyContent CMSDecoderCopyDetachedContent
      CMSDecoderCopySignerEmailAddress CMSDecoderCopySignerSigningTime CMSDecoderCopySignerStatus
      CMSDecoderCopySignerTimestamp CMSDecoderCopySignerTimestampCertificates
      CMSDecoderCopySignerTimestampWithPolicy CMSDecoderCreate CMSDecoderFinalizeMessage CMSDecoderGetNumSigners
      CMSDecoderIsContentEncrypted CMSDecoderSetDetachedContent CMSDecoderUpdateMessage CMSEncodeContent
      CMSEncoderAddRecipients CMSEncoderAddSignedAttributes CMSEncoderAddSigners CMSEncoderAddSupportingCerts
      CMSEncoderCopyEncapsulatedContentType CMSEncoderCopyEncodedContent CMSEncoderCopyRecipients
      CMSEncoderCopySignerTimestamp CMSEncoderCopySignerTimestampWithPolicy CMSEncoderCopySigners
      CMSEncoderCopySupportingCerts CMSEncoderCreate CMSEncoderGetCertificateChainMode
      CMSEncoderGetHasDetachedContent CMSEncoderSetCertificateChainMode CMSEncoderSetEncapsulatedContentTypeOID
      CMSEncoderSetHasDetachedContent CMSEncoderSetSignerAlgorithm CMSEncoderUpdateContent SSLCopyALPNProtocols
      SSLCopyCertificateAuthorities SSLCopyPeerTrust SSLCreateContext SSLGetDiffieHellmanParams
      SSLGetEnabledCiphers SSLGetNumberEnabledCiphers SSLGetNumberSupportedCiphers SSLGetPeerDomainName
      SSLGetPeerDomainNameLength SSLGetPeerID SSLGetSessionState SSLGetSupportedCiphers SSLSetCertificate
      SSLSetCertificateAuthorities SSLSetDiffieHellmanParams SSLSetEnabledCiphers SSLSetProtocolVersionMax
      SSLSetProtocolVersionMin SSLSetSessionTicketsEnabled SecAccessControlCreateWithFlags
      SecCertificateAddToKeychain SecCertificateCopyCommonName SecCertificateCopyData
      SecCertificateCopyEmailAddresses SecCertificateCopyKey SecCertificateCopyNormalizedIssuerSequence
      SecCertificateCopyNormalizedSubjectSequence SecCertificateCopySerialNumberData
      SecCertificateCopySubjectSummary SecCertificateCopyValues SecCertificateCreateWithData
      SecCertificateGetTypeID SecCodeCheckValidity SecCodeCopyGuestWithAttributes SecCodeCopyPath
      SecCodeCopySelf SecCopyErrorMessageString SecDecryptTransformCreate SecDigestTransformCreate
      SecEncryptTransformCreate SecIdentityCopyCertificate SecIdentityCopyPrivateKey
      SecIdentityCreateWithCertificate SecIdentityGetTypeID SecItemAdd SecItemCopyMatching SecItemDelete
      SecItemImport SecItemUpdate SecKeyCopyAttributes SecKeyCopyExternalRepresentation
      SecKeyCopyKeyExchangeResult SecKeyCopyPublicKey SecKeyCreateDecryptedData SecKeyCreateEncryptedData
      SecKeyCreateFromData SecKeyCreateRandomKey SecKeyCreateSignature SecKeyGetTypeID SecKeyVerifySignature
      SecKeychainAddGenericPassword SecKeychainAddInternetPassword SecKeychainCopyDefault
      SecKeychainCopyDomainDefault SecKeychainFindGenericPassword SecKeychainFindInternetPassword
      SecKeychainGetUserInteractionAllowed SecKeychainItemFreeContent SecKeychainItemGetTypeID
      SecKeychainItemModifyAttributesAndData SecKeychainSetUserInteractionAllowed SecKeychainUnlock
      SecPKCS12Import SecPolicyCreateBasicX509 SecPolicyCreateRevocation SecPolicyCreateSSL SecRandomCopyBytes
      SecRequirementCreateWithString SecStaticCodeCheckValidity SecStaticCodeCreateWithPath SecTransformExecute
      SecTransformSetAttribute SecTrustCopyAnchorCertificates SecTrustCopyPublicKey
      SecTrustCreateWithCertificates SecTrustEvaluate SecTrustEvaluateWithError SecTrustGetCertificateAtIndex
      SecTrustGetCertificateCount SecTrustGetNetworkFetchAllowed SecTrustSetAnchorCertificates
      SecTrustSettingsCopyCertificates SecTrustSettingsCopyTrustSettings SecTrustSettingsSetTrustSettings
      kSecAttrAccessControl kSecAttrAccessGroup kSecAttrAccessibleAfterFirstUnlock
      kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
      kSecAttrAccessibleWhenUnlocked kSecAttrAccessibleWhenUnlockedThisDeviceOnly kSecAttrAccount
      kSecAttrApplicationLabel kSecAttrAuthenticationType kSecAttrComment kSecAttrDescription
      kSecAttrIsPermanent kSecAttrKeyClass kSecAttrKeySizeInBits kSecAttrKeyType kSecAttrKeyTypeAES
      kSecAttrKeyTypeEC kSecAttrKeyTypeECSECPrimeRandom kSecAttrKeyTypeRSA kSecAttrLabel kSecAttrPath
      kSecAttrPort kSecAttrProtocol kSecAttrPublicKeyHash kSecAttrSecurityDomain kSecAttrSerialNumber
      kSecAttrServer kSecAttrService kSecAttrSynchronizable kSecAttrSynchronizableAny kSecAttrTokenID
      kSecAttrTokenIDSecureEnclave kSecClass kSecClassCertificate kSecClassGenericPassword
      kSecClassInternetPassword kSecClassKey kSecDigestHMACKeyAttribute kSecDigestSHA2 kSecEncryptionMode
      kSecGuestAttributeAudit kSecGuestAttributePid kSecIVKey kSecImportExportAccess kSecImportExportKeychain
      kSecImportExportPassphrase kSecImportItemCertChain kSecImportItemIdentity kSecImportItemKeyID
      kSecImportItemLabel kSecImportItemTrust kSecKeyAlgorithmECDHKeyExchangeCofactor
      kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA1 kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA224
      kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA256 kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA384
      kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA512 kSecKeyAlgorithmECDHKeyExchangeStandard
      kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA1 kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA224
      kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256 kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA384
      kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA512 kSecKeyAlgorithmECDSASignatureDigestX962
      kSecKeyAlgorithmECDSASignatureDigestX962SHA1 kSecKeyAlgorithmECDSASignatureDigestX962SHA224
      kSecKeyAlgorithmECDSASignatureDigestX962SHA256 kSecKeyAlgorithmECDSASignatureDigestX962SHA384
      kSecKeyAlgorithmECDSASignatureDigestX962SHA512 kSecKeyAlgorithmECDSASignatureMessageX962SHA1
      kSecKeyAlgorithmECDSASignatureMessageX962SHA224 kSecKeyAlgorithmECDSASignatureMessageX962SHA256
      kSecKeyAlgorithmECDSASignatureMessageX962SHA384 kSecKeyAlgorithmECDSASignatureMessageX962SHA512
      kSecKeyAlgorithmECDSASignatureRFC4754 kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA224AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA256AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA384AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA512AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorX963SHA1AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorX963SHA224AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorX963SHA256AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorX963SHA384AESGCM
      kSecKeyAlgorithmECIESEncryptionCofactorX963SHA512AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA224AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA256AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA384AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA512AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardX963SHA1AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardX963SHA224AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardX963SHA256AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardX963SHA384AESGCM
      kSecKeyAlgorithmECIESEncryptionStandardX963SHA512AESGCM kSecKeyAlgorithmRSAEncryptionOAEPSHA1
      kSecKeyAlgorithmRSAEncryptionOAEPSHA1AESGCM kSecKeyAlgorithmRSAEncryptionOAEPSHA224
      kSecKeyAlgorithmRSAEncryptionOAEPSHA224AESGCM kSecKeyAlgorithmRSAEncryptionOAEPSHA256
      kSecKeyAlgorithmRSAEncryptionOAEPSHA256AESGCM kSecKeyAlgorithmRSAEncryptionOAEPSHA384
      kSecKeyAlgorithmRSAEncryptionOAEPSHA384AESGCM kSecKeyAlgorithmRSAEncryptionOAEPSHA512
      kSecKeyAlgorithmRSAEncryptionOAEPSHA512AESGCM kSecKeyAlgorithmRSAEncryptionPKCS1
      kSecKeyAlgorithmRSAEncryptionRaw kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw
      kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA1 kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA224
      kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256 kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA384
      kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA512 kSecKeyAlgorithmRSASignatureDigestPSSSHA1
      kSecKeyAlgorithmRSASignatureDigestPSSSHA224 kSecKeyAlgorithmRSASignatureDigestPSSSHA256
      kSecKeyAlgorithmRSASignatureDigestPSSSHA384 kSecKeyAlgorithmRSASignatureDigestPSSSHA512
      kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA1 kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA224
      kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA256 kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA384
      kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA512 kSecKeyAlgorithmRSASignatureMessagePSSSHA1
      kSecKeyAlgorithmRSASignatureMessagePSSSHA224 kSecKeyAlgorithmRSASignatureMessagePSSSHA256
      kSecKeyAlgorithmRSASignatureMessagePSSSHA384 kSecKeyAlgorithmRSASignatureMessagePSSSHA512
      kSecKeyAlgorithmRSASignatureRaw kSecKeyKeyExchangeParameterRequestedSize
      kSecKeyKeyExchangeParameterSharedInfo kSecMatchCaseInsensitive kSecMatchLimit kSecMatchLimitAll
      kSecMatchSearchList kSecMatchSubjectWholeString kSecMatchTrustedOnly kSecPaddingKey kSecPrivateKeyAttrs
      kSecPropertyKeyLabel kSecPropertyKeyType kSecPropertyKeyValue kSecPropertyTypeSection
      kSecPropertyTypeString kSecPublicKeyAttrs kSecReturnAttributes kSecReturnData kSecReturnRef
      kSecTransformInputAttributeName kSecUseAuthenticationContext kSecUseAuthenticationUI
      kSecUseAuthenticationUISkip kSecUseKeychain kSecValueData kSecValueRef
    ]
  }.freeze

  module_function

  def write(directory)
    ALL.each do |name, symbols|
      path = File.join(directory, "#{name}.framework")
      FileUtils.mkdir_p(path)
      File.write(File.join(path, "#{name}.tbd"), stub(name, symbols))
    end
  end

  # See Apple's tapi for the format.
  def stub(name, symbols)
    <<~YAML
      --- !tapi-tbd
      tbd-version: 4
      targets: [ x86_64-macos, arm64-macos ]
      install-name: '/System/Library/Frameworks/#{name}.framework/Versions/A/#{name}'
      exports:
        - targets: [ x86_64-macos, arm64-macos ]
          symbols: [ #{symbols.map { |symbol| "_#{symbol}" }.join(', ')} ]
      ...
    YAML
  end
end
