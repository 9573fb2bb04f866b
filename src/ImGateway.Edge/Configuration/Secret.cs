namespace ImGateway.Edge.Configuration;

/// <summary>A password that has no printable form: read it by <see cref="Reveal"/> where it is used.</summary>
public sealed class Secret(string value) : IEquatable<Secret>
{
    public string Reveal() => value;

    public override string ToString() => "***";

    public bool Equals(Secret? other) => other is not null && other.Reveal() == value;

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);
}
