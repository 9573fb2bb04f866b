using System.Security.Cryptography;

namespace ImGateway.Edge.Tls.Policy;

/// <summary>Key exchange groups, with IANA's names (TLS Supported Groups).</summary>
enum NamedGroup : ushort
{
    None = 0,
    secp224r1 = 21,
    secp256k1 = 22,
    secp256r1 = 23,
    secp384r1 = 24,
    secp521r1 = 25,
    brainpoolP256r1 = 26,
    brainpoolP384r1 = 27,
    brainpoolP512r1 = 28,
    X25519 = 29,
    X448 = 30,
    brainpoolP256r1tls13 = 31,
    brainpoolP384r1tls13 = 32,
    brainpoolP512r1tls13 = 33,
    curveSM2 = 41,
    ffdhe2048 = 256,
    ffdhe3072 = 257,
    ffdhe4096 = 258,
    ffdhe6144 = 259,
    ffdhe8192 = 260,
    MLKEM512 = 512,
    MLKEM768 = 513,
    MLKEM1024 = 514,
    SecP256r1MLKEM768 = 4587,
    X25519MLKEM768 = 4588,
    SecP384r1MLKEM1024 = 4589,
    curveSM2MLKEM768 = 4590,
}

/// <summary>The groups that the policy files allow and refuse.</summary>
static class PolicyGroups
{
    /// <summary>Whether the hybrid group is available. With a library built without ML-KEM, the policy file omits it.</summary>
    public static bool HasHybrid { get; } = MLKem.IsSupported;

    /// <summary>The groups available in every OpenSSL version.</summary>
    public static IReadOnlyList<NamedGroup> Classic { get; } = [NamedGroup.X25519, NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1];

    public static IReadOnlyList<NamedGroup> Allowed { get; } = HasHybrid ? [NamedGroup.X25519MLKEM768, .. Classic] : Classic;

    /// <summary>Refused groups. OpenSSL allows the finite-field groups and X448 by default; ffdhe8192 costs a hundred times as much as X25519.</summary>
    public static IReadOnlyList<NamedGroup> Refused { get; } =
        [.. Enum.GetValues<NamedGroup>().Except([NamedGroup.None, NamedGroup.X25519MLKEM768, .. Classic])];
}
