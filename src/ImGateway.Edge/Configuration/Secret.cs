namespace ImGateway.Edge.Configuration;

/// <summary>A password that has no printable form: read it by <see cref="Reveal"/> where it is used.</summary>
public sealed class Secret(string value)
{
    public string Reveal() => value;

    public override string ToString() => "***";
}
