using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>A part of a PEM file cannot be read.</summary>
/// <param name="line">The line at which the part begins, counted from 1.</param>
/// <param name="what">The problem, without any content, which may be a key.</param>
sealed class PemException(int line, string what) : CryptographicException($"line {line}: {what}");
